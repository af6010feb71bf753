"""An event happens to so many viewers: their stories, the throttle of their addresses, and what the service itself
asks. What comes out is counted by second, so that memory does not grow with the audience."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pass_harness.load.event import Event
from pass_harness.load.forecast.audience_chunks import Chunk, chunks, mvpds
from pass_harness.load.forecast.call_ledger import ENDPOINTS, Ledger
from pass_harness.load.forecast.call_simulation import Caller, Crowd
from pass_harness.load.forecast.habits import Habits
from pass_harness.load.forecast.incident_effects import Troubles
from pass_harness.load.forecast.shared_calls import ask_for_all, one_bucket
from pass_harness.load.forecast.throttle_buckets import Calls, Floats, Ints, throttle
from pass_harness.load.forecast.viewer_simulation import Story

LARGEST_CHUNK = 50_000
"""Viewers that are simulated at once."""
PILOTS = 2_000
"""Viewers of whom is learned how many calls one makes."""
PEOPLE, DICE = 1, 2
"""Sources of chance of a chunk, besides that of who comes."""


@dataclass
class Household:
    """What households of one size meet at the throttle."""

    viewers: float = 0.0
    addresses: float = 0.0
    throttled_addresses: float = 0.0
    calls: float = 0.0
    throttled: float = 0.0
    lost: float = 0.0


@dataclass
class Tally:
    """What an audience asked; all of it counts for ``audience`` viewers, however many were simulated."""

    audience: int
    simulated: int
    calls: Floats
    """By endpoint and second."""
    throttled: Floats
    """Answers 429, by second."""
    arrivals: Floats
    asked: Floats
    """Of TV providers, by provider and second."""
    households: dict[int, Household] = field(default_factory=dict)
    lost: float = 0.0
    """Calls that were throttled as often as the service tries."""
    actions: Counter[str] = field(default_factory=Counter)
    calls_of: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Simulated ones, by what viewers did and endpoint."""


def seconds_of(event: Event) -> int:
    return max(1, int(np.ceil(event.duration.seconds)))


def simulate(
    event: Event,
    habits: Habits,
    troubles: Troubles,
    *,
    seed: int,
    instances: int,
    most_calls: float,
    announce: Callable[[str], None] = lambda _: None,
) -> Tally:
    """The event with its whole audience, or with as many of them as make ``most_calls``, who then count for more."""
    pilots = _simulated(event, habits, troubles, min(PILOTS, event.audience), seed, lambda _: None)
    each = max(1.0, float(pilots.calls.sum()) / pilots.simulated)
    simulated = min(event.audience, max(PILOTS, int(most_calls / each)))
    tally = (
        pilots if simulated == pilots.simulated else _simulated(event, habits, troubles, simulated, seed, announce)
    )
    _scale(tally, event.audience / simulated)
    tally.audience = event.audience
    if habits.one_address:
        _throttle_all_as_one(tally, habits)
    ask_for_all(tally.calls, event, habits, troubles, tally.arrivals, instances)
    return tally


def _simulated(
    event: Event, habits: Habits, troubles: Troubles, viewers: int, seed: int, announce: Callable[[str], None]
) -> Tally:
    seconds, names = seconds_of(event), mvpds(event)
    tally = Tally(
        audience=viewers,
        simulated=viewers,
        calls=np.zeros((len(ENDPOINTS), seconds)),
        throttled=np.zeros(seconds),
        arrivals=np.zeros(seconds),
        asked=np.zeros((len(names), seconds)),
    )
    done, told = 0, 0
    for chunk in chunks(event, viewers, seed, LARGEST_CHUNK):
        ledger = _told(event, habits, troubles, chunk, names, seed)
        _count(tally, chunk, ledger, habits, troubles)
        done += chunk.arrives.size
        if 10 * done // viewers > told:
            told = 10 * done // viewers
            announce(f"{done:,} of {viewers:,} viewers")
    return tally


def _told(event: Event, habits: Habits, troubles: Troubles, chunk: Chunk, names: Sequence[str], seed: int) -> Ledger:
    """The stories of a chunk."""
    ledger = Ledger()
    for place, kind in enumerate(event.viewers):
        who = np.flatnonzero(chunk.kind == place)
        crowd = Crowd(who, chunk.arrives[who], chunk.mvpd[who])
        people, dice = (np.random.default_rng([seed, chunk.number, place, source]) for source in (PEOPLE, DICE))
        caller = Caller(crowd, habits, troubles, names, event.duration.seconds, ledger, dice)
        Story(kind, event, caller, people).live()
    return ledger


def _count(tally: Tally, chunk: Chunk, ledger: Ledger, habits: Habits, troubles: Troubles) -> None:
    seconds = tally.arrivals.size
    who, at, endpoint = ledger.calls()
    member = who - chunk.address[who] * chunk.household
    calls = Calls.ordered(chunk.address[who], (at * 1000).astype(np.int64), endpoint, member)
    tally.arrivals += np.bincount(chunk.arrives.astype(np.int64), minlength=seconds)[:seconds]
    asked, when = ledger.asked()
    _add(tally.asked, chunk.mvpd[asked], (when * 1000).astype(np.int64))
    tally.actions += ledger.actions
    tally.calls_of += ledger.calls_of
    household = tally.households.setdefault(chunk.household, Household())
    household.viewers += chunk.arrives.size
    household.addresses += int(chunk.address[-1]) + 1
    if habits.one_address:
        household.calls += _add(tally.calls, calls.endpoint, calls.at)
        return
    met = throttle(calls, troubles.limits, pause=habits.throttle_pause, tries=habits.throttle_tries)
    household.calls += _add(tally.calls, calls.endpoint, met.at)
    again = met.refused_at[~met.last] + int(habits.throttle_pause * 1000)
    household.calls += _add(tally.calls, met.endpoint[~met.last], again)
    household.throttled_addresses += np.unique(met.address).size
    household.throttled += _add(tally.throttled[np.newaxis], np.zeros_like(met.refused_at), met.refused_at)
    lost = int((met.last & (met.refused_at // 1000 < seconds)).sum())
    household.lost += lost
    tally.lost += lost


def _add(counts: Floats, row: Ints, at: Ints) -> int:
    """Counts what happened at these moments (ms), each in its row; how many those are, without what is after the
    end."""
    rows, seconds = counts.shape
    place = row * seconds + at // 1000
    inside = at // 1000 < seconds
    counts += np.bincount(place[inside], minlength=rows * seconds).reshape(rows, seconds)
    return int(inside.sum())


def _scale(tally: Tally, factor: float) -> None:
    """Lets each simulated viewer count for so many."""
    for name in ("calls", "throttled", "arrivals", "asked", "lost"):
        setattr(tally, name, getattr(tally, name) * factor)
    for household in tally.households.values():
        for name in vars(household):
            setattr(household, name, getattr(household, name) * factor)


def _throttle_all_as_one(tally: Tally, habits: Habits) -> None:
    """All devices behind one address: nearly everything is refused, and tried again in vain."""
    offered = tally.calls.sum(axis=0)
    sent, throttled, lost = one_bucket(offered, habits)
    with np.errstate(invalid="ignore", divide="ignore"):
        # What is tried again is of the kinds of calls that there are in the whole event.
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
