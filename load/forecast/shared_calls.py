"""What a service asks for all viewers together: access tokens, the configuration, probes of an outage; and what
becomes of calls that all come from one address."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pass_harness.fixtures.programmer_service.breaker import COOLING, FAILURES
from pass_harness.load.device_platforms import PLATFORMS
from pass_harness.load.event import RETURNING, Event
from pass_harness.load.forecast.call_ledger import NUMBER
from pass_harness.load.forecast.habits import Habits
from pass_harness.load.forecast.incident_effects import Troubles
from pass_harness.load.forecast.throttle_buckets import ADOBES, Floats


@dataclass(frozen=True)
class Herd:
    """What a renewal of access tokens at one moment (s) costs."""

    why: str
    at: float
    calls: float
    """Where one caller of each instance fetches the next token, and the others wait for it."""
    herd: float
    """Where every caller who finds the token spent fetches one."""
    repeated: float = 0.0
    """Calls that were rejected with the old token, and made again."""


def renewals(event: Event, habits: Habits, troubles: Troubles, per_second: Floats, instances: int) -> list[Herd]:
    """Every renewal of the event that is known beforehand, and the worst one: at the busiest second."""
    found = [_herd("the busiest second", float(per_second.argmax()), per_second, habits, instances)]
    if habits.token_life < event.duration.seconds:
        at = habits.token_life
        found.append(_herd("the first one in the event", at, per_second, habits, instances))
    found += [
        _herd("all access tokens are revoked", at, per_second, habits, instances, rejected=True)
        for at in troubles.revocations
        if at < event.duration.seconds
    ]
    return found


def ask_for_all(
    calls: Floats, event: Event, habits: Habits, troubles: Troubles, arrivals: Floats, instances: int
) -> None:
    """Adds to the calls, by endpoint and second, what is asked for nobody in particular."""
    seconds = arrivals.size
    busy = calls.sum(axis=0) > 0
    for at in troubles.revocations:
        second = int(at)
        if second < seconds:
            # Those under way are rejected, and made again with the new token.
            calls[:, second] *= 1 + min(1.0, habits.answers_within)
            calls[NUMBER["dcr.token"], second] += instances
    if not habits.tokens_per_call:
        renewed = np.arange(habits.token_life, seconds, habits.token_life).astype(np.int64)
        calls[NUMBER["dcr.token"], renewed] += instances
        calls[NUMBER["dcr.register"], renewed] += instances * habits.registrations_per_token
    if habits.configuration_kept:
        calls[NUMBER["configuration"]] += _configurations(event, habits, arrivals, instances)
    for outage in troubles.outages if habits.breaks_circuit else ():
        begins, ends = int(outage.begins), min(seconds, math.ceil(outage.ends))
        if busy[:ends].any():
            # It takes some failures until an instance holds its calls back; then it probes now and then.
            calls[NUMBER["decisions.authorize"], begins:ends] += instances / COOLING
            calls[NUMBER["decisions.authorize"], begins] += instances * FAILURES


def one_bucket(offered: Floats, habits: Habits) -> tuple[Floats, Floats, float]:
    """What is sent and throttled in each second where all calls share one bucket, and how many are lost.

    ``offered`` are the calls of each second. Those refused come again after the pause, up to the number of tries.
    """
    again = max(1, round(habits.throttle_pause)) if habits.throttle_pause else 0
    sent, throttled = np.zeros(offered.size), np.zeros(offered.size)
    waiting = np.zeros((habits.throttle_tries + 1, offered.size + again + 1))
    waiting[1, : offered.size] = offered
    tokens, lost = float(ADOBES.burst + 1), 0.0
    for second in range(offered.size):
        for tried in range(1, habits.throttle_tries + 1):
            number = waiting[tried, second]
            passes = min(number, tokens)
            tokens -= passes
            refused = number - passes
            sent[second] += number
            throttled[second] += refused
            if tried == habits.throttle_tries:
                lost += refused
            else:
                waiting[tried + 1, second + again] += refused
        tokens = min(ADOBES.burst + 1.0, tokens + ADOBES.rate)
    return sent, throttled, lost


def _herd(why: str, at: float, per_second: Floats, habits: Habits, instances: int, *, rejected: bool = False) -> Herd:
    # As many callers as come until the first of them has the new token.
    under_way = float(per_second[min(int(at), per_second.size - 1)]) * habits.answers_within
    herd = max(float(instances), under_way)
    return Herd(why, at, float(instances), herd, under_way if rejected else 0.0)


def _configurations(event: Event, habits: Habits, arrivals: Floats, instances: int) -> Floats:
    """Each instance keeps the configuration of each platform for a while, from when somebody there chooses."""
    entering = sum(kind.weight for kind in event.viewers if kind.entrance != RETURNING)
    choosing = arrivals * entering / sum(kind.weight for kind in event.viewers)
    caches = instances * (sum(share > 0 for share in event.devices.values()) or len(PLATFORMS))
    begins = np.arange(0, arrivals.size, max(1, int(habits.configuration_kept)))
    in_time = np.add.reduceat(choosing, begins)
    first = begins + np.array([int(np.argmax(part > 0)) for part in np.split(choosing, begins[1:])])
    configuration = np.zeros(arrivals.size)
    # So many of the caches somebody asks in the time for which they are kept.
    np.add.at(configuration, first, caches * (1 - (1 - 1 / caches) ** in_time))
    return configuration
