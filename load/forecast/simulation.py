"""Simulation of an event: visits of viewers, rate limits of their addresses, and calls of the service itself.

Results are counted by second, so memory does not grow with the audience.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pass_harness.load.event import RETURNING, Event
from pass_harness.load.forecast.audience_chunks import Chunk, chunks, mvpds
from pass_harness.load.forecast.call_ledger import ENDPOINTS, Ledger
from pass_harness.load.forecast.call_simulation import Caller, ViewerGroup
from pass_harness.load.forecast.habits import Habits
from pass_harness.load.forecast.incident_effects import IncidentEffects
from pass_harness.load.forecast.shared_calls import add_shared_calls, throttle_in_one_bucket
from pass_harness.load.forecast.throttle_buckets import Calls, Floats, Ints, throttle
from pass_harness.load.forecast.viewer_simulation import VisitSimulation

LARGEST_CHUNK = 15_000
"""Viewers that are simulated at once: few enough for their calls to fit into the cache of a processor."""
SECONDS_PER_VIEWER = 4
"""Seconds of the event for each viewer of a larger chunk: in a long event, most time is spent on its seconds."""
PILOTS = 2_000
"""Viewers of a first simulation, which determines the calls per viewer."""
LARGEST_KEPT = 30 << 20
"""Bytes up to which the allocator of glibc keeps freed memory for the next chunk, below its limit of 32 MiB."""
VIEWER_CHOICES, CALL_OUTCOMES = 1, 2
"""Random streams of a chunk, in addition to that of the arrivals."""


@dataclass
class Household:
    """Calls and rate limits of households of one size."""

    viewers: float = 0.0
    addresses: float = 0.0
    throttled_addresses: float = 0.0
    calls: float = 0.0
    throttled: float = 0.0
    lost: float = 0.0


@dataclass
class Tally:
    """The results of a simulation, scaled to ``audience`` viewers, of whom ``simulated`` were simulated."""

    audience: int
    simulated: int
    calls: Floats
    """Calls by endpoint and second."""
    throttled: Floats
    """Responses with status 429, by second."""
    arrivals: Floats
    mvpd_requests: Floats
    """Requests to TV providers, by provider and second."""
    households: dict[int, Household] = field(default_factory=dict)
    lost: float = 0.0
    """Calls that were rejected with 429 as often as the service retries."""
    actions: Counter[str] = field(default_factory=Counter)
    calls_of: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Simulated calls by viewer action and endpoint, not scaled."""


def seconds_of(event: Event) -> int:
    return max(1, int(np.ceil(event.duration.seconds)))


def simulate(
    event: Event,
    habits: Habits,
    effects: IncidentEffects,
    *,
    seed: int,
    instances: int,
    most_calls: float,
    announce: Callable[[str], None] = lambda _: None,
) -> Tally:
    """Simulate the event with its audience, or with a sample of viewers that makes about ``most_calls`` calls."""
    pilots = _simulated(event, habits, effects, min(PILOTS, event.audience), seed, lambda _: None)
    each = max(1.0, float(pilots.calls.sum()) / pilots.simulated)
    simulated = min(event.audience, max(PILOTS, int(most_calls / each)))
    tally = pilots if simulated == pilots.simulated else _simulated(event, habits, effects, simulated, seed, announce)
    _scale(tally, event.audience / simulated)
    tally.audience = event.audience
    if habits.one_address:
        _throttle_all_as_one(tally, habits)
    add_shared_calls(tally.calls, event, habits, effects, tally.arrivals, instances)
    return tally


def _simulated(
    event: Event, habits: Habits, effects: IncidentEffects, viewers: int, seed: int, announce: Callable[[str], None]
) -> Tally:
    seconds, names = seconds_of(event), mvpds(event)
    tally = Tally(
        audience=viewers,
        simulated=viewers,
        calls=np.zeros((len(ENDPOINTS), seconds)),
        throttled=np.zeros(seconds),
        arrivals=np.zeros(seconds),
        mvpd_requests=np.zeros((len(names), seconds)),
    )
    # To free a larger block raises the limit above which glibc returns memory to the system. The page faults of
    # getting it back for each chunk would take 40 % of the processor time.
    np.empty(LARGEST_KEPT, np.uint8)
    done, announced = 0, 0
    largest = max(LARGEST_CHUNK, seconds // SECONDS_PER_VIEWER)
    for chunk in chunks(event, viewers, seed, largest):
        ledger = _simulate_chunk(event, habits, effects, chunk, names, seed)
        _count(tally, chunk, ledger, habits, effects)
        done += chunk.arrives.size
        if 10 * done // viewers > announced:
            announced = 10 * done // viewers
            announce(f"{done:,} of {viewers:,} viewers")
    return tally


def _simulate_chunk(
    event: Event, habits: Habits, effects: IncidentEffects, chunk: Chunk, names: Sequence[str], seed: int
) -> Ledger:
    """Simulate the visits of a chunk and return their calls."""
    ledger = Ledger()
    for place, kind in enumerate(event.viewers):
        who = np.flatnonzero(chunk.kind == place)
        group = ViewerGroup(who, chunk.arrives[who], chunk.mvpd[who], registered=kind.entrance == RETURNING)
        choices, outcomes = (
            np.random.default_rng([seed, chunk.number, place, source]) for source in (VIEWER_CHOICES, CALL_OUTCOMES)
        )
        caller = Caller(group, habits, effects, names, event.duration.seconds, ledger, outcomes)
        VisitSimulation(kind, event, caller, choices).run()
        caller.renew_to_the_end()
    return ledger


def _count(tally: Tally, chunk: Chunk, ledger: Ledger, habits: Habits, effects: IncidentEffects) -> None:
    seconds = tally.arrivals.size
    who, at, endpoint = ledger.calls()
    member = who - chunk.address[who] * chunk.household
    calls = Calls.ordered(chunk.address[who], (at * 1000).astype(np.int64), endpoint, member)
    tally.arrivals += np.bincount(chunk.arrives.astype(np.int64), minlength=seconds)[:seconds]
    asking, when = ledger.mvpd_requests()
    _add(tally.mvpd_requests, chunk.mvpd[asking], (when * 1000).astype(np.int64))
    tally.actions += ledger.actions
    tally.calls_of += ledger.calls_of
    household = tally.households.setdefault(chunk.household, Household())
    household.viewers += chunk.arrives.size
    household.addresses += int(chunk.address[-1]) + 1
    if habits.one_address:
        household.calls += _add(tally.calls, calls.endpoint, calls.at)
        return
    throttled = throttle(calls, effects.limits, pause=habits.throttle_pause, tries=habits.throttle_tries)
    household.calls += _add(tally.calls, calls.endpoint, throttled.at)
    again = throttled.refused_at[~throttled.last] + int(habits.throttle_pause * 1000)
    household.calls += _add(tally.calls, throttled.endpoint[~throttled.last], again)
    household.throttled_addresses += np.unique(throttled.address).size
    household.throttled += _add(
        tally.throttled[np.newaxis], np.zeros_like(throttled.refused_at), throttled.refused_at
    )
    lost = int((throttled.last & (throttled.refused_at // 1000 < seconds)).sum())
    household.lost += lost
    tally.lost += lost


def _add(counts: Floats, row: Ints, at: Ints) -> int:
    """Count events at these times (ms) in their rows; return their number without those after the end."""
    rows, seconds = counts.shape
    place = row * seconds + at // 1000
    inside = at // 1000 < seconds
    counts += np.bincount(place[inside], minlength=rows * seconds).reshape(rows, seconds)
    return int(inside.sum())


def _scale(tally: Tally, factor: float) -> None:
    """Multiply the results so that each simulated viewer counts for ``factor`` viewers."""
    for name in ("calls", "throttled", "arrivals", "mvpd_requests", "lost"):
        setattr(tally, name, getattr(tally, name) * factor)
    for household in tally.households.values():
        for name in vars(household):
            setattr(household, name, getattr(household, name) * factor)


def _throttle_all_as_one(tally: Tally, habits: Habits) -> None:
    """Apply the rate limit of a service that sends one address for all devices."""
    offered = tally.calls.sum(axis=0)
    sent, throttled, lost = throttle_in_one_bucket(offered, habits)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Repeated calls have the same distribution of endpoints as all calls of the event.
        kinds = tally.calls.sum(axis=1) / max(1.0, float(offered.sum()))
    tally.calls += np.outer(kinds, sent - offered)
    tally.throttled += throttled
    tally.lost += lost
    for household in tally.households.values():
        share = household.calls / max(1.0, float(offered.sum()))
        household.calls = float(sent.sum()) * share
        household.throttled = float(throttled.sum()) * share
        household.throttled_addresses = household.addresses
        household.lost = lost * share
