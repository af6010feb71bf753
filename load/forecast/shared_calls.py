"""Calls that a service makes for all viewers together: access tokens, configuration, probes during an outage.

Also the rate limit for a service that sends one address for all devices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pass_harness.fixtures.programmer_service.breaker import PROBE_INTERVAL_S
from pass_harness.fixtures.programmer_service.conduct import Conduct
from pass_harness.load.device_platforms import PLATFORMS
from pass_harness.load.event import RETURNING, Event
from pass_harness.load.forecast.call_ledger import NUMBER
from pass_harness.load.forecast.habits import Habits
from pass_harness.load.forecast.incident_effects import IncidentEffects
from pass_harness.load.forecast.throttle_buckets import DEFAULT_LIMIT, Floats


@dataclass(frozen=True)
class Herd:
    """The calls of a renewal of access tokens at one time (s)."""

    why: str
    at: float
    calls: float
    """Token calls if one caller of each instance fetches the next token, and the others wait for it."""
    herd: float
    """Token calls if every caller with an expired token fetches one (thundering herd)."""
    repeated: float = 0.0
    """Calls that were rejected with the old token and repeated."""


def renewals(
    event: Event, habits: Habits, effects: IncidentEffects, per_second: Floats, instances: int
) -> list[Herd]:
    """Return the predictable renewals of the event, and the worst case: a renewal in the busiest second.

    Devices with their own clients have no common renewal; `token_waves` shows theirs.
    """
    if habits.client_per_device:
        return []
    found = [_herd("busiest second", float(per_second.argmax()), per_second, habits, instances)]
    if habits.token_life < event.duration.seconds:
        at = habits.token_life
        found.append(_herd("first renewal in the event", at, per_second, habits, instances))
    found += [
        _herd("revocation of all access tokens", at, per_second, habits, instances, rejected=True)
        for at in effects.revocations
        if at < event.duration.seconds
    ]
    return found


def add_shared_calls(
    calls: Floats, event: Event, habits: Habits, effects: IncidentEffects, arrivals: Floats, instances: int
) -> None:
    """Add the calls of no particular viewer to ``calls``, by endpoint and second."""
    seconds = arrivals.size
    busy = calls.sum(axis=0) > 0
    for at in () if habits.client_per_device else effects.revocations:
        second = int(at)
        if second < seconds:
            # Calls in progress are rejected, and repeated with the new token.
            calls[:, second] *= 1 + min(1.0, habits.answers_within)
            calls[NUMBER["dcr.token"], second] += instances
    if not habits.tokens_per_call and not habits.client_per_device:
        # The instances start together, so their tokens expire together.
        renewed = np.arange(habits.token_life, seconds, habits.token_life).astype(np.int64)
        herd = np.full(renewed.size, float(instances))
        if not habits.shares_token_request:
            herd = np.maximum(herd, calls[:, renewed].sum(axis=0) * habits.answers_within)
        np.add.at(calls[NUMBER["dcr.token"]], renewed, herd)
        np.add.at(calls[NUMBER["dcr.register"]], renewed, herd * habits.registrations_per_token)
    if habits.configuration_kept:
        calls[NUMBER["configuration"]] += _configurations(event, habits, arrivals, instances)
    for outage in effects.outages if habits.breaks_circuit else ():
        begins, ends = int(outage.begins), min(seconds, math.ceil(outage.ends))
        if begins < seconds and busy[:ends].any():
            # The circuit breaker of an instance opens after some failures; then it sends probes.
            calls[NUMBER["decisions.authorize"], begins:ends] += instances / PROBE_INTERVAL_S
            calls[NUMBER["decisions.authorize"], begins] += instances * Conduct.failures_before_break


def throttle_in_one_bucket(offered: Floats, habits: Habits) -> tuple[Floats, Floats, float]:
    """Return sent and throttled calls of each second if all calls share one bucket, and the number of lost calls.

    ``offered`` are the calls of each second. Rejected calls are repeated after the pause, up to the number of tries.
    """
    again = max(1, round(habits.throttle_pause)) if habits.throttle_pause else 0
    sent, throttled = np.zeros(offered.size), np.zeros(offered.size)
    waiting = np.zeros((habits.throttle_tries + 1, offered.size + again + 1))
    waiting[1, : offered.size] = offered
    tokens, lost = float(DEFAULT_LIMIT.burst + 1), 0.0
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
        tokens = min(DEFAULT_LIMIT.burst + 1.0, tokens + DEFAULT_LIMIT.rate)
    return sent, throttled, lost


def _herd(why: str, at: float, per_second: Floats, habits: Habits, instances: int, *, rejected: bool = False) -> Herd:
    # The callers that arrive until the first of them has the new token.
    under_way = float(per_second[min(int(at), per_second.size - 1)]) * habits.answers_within
    herd = max(float(instances), under_way)
    return Herd(why, at, float(instances), herd, under_way if rejected else 0.0)


def _configurations(event: Event, habits: Habits, arrivals: Floats, instances: int) -> Floats:
    """Return the configuration calls by second: each instance caches the configuration of each platform."""
    entering = sum(kind.weight for kind in event.viewers if kind.entrance != RETURNING)
    choosing = arrivals * entering / sum(kind.weight for kind in event.viewers)
    caches = instances * (sum(share > 0 for share in event.devices.values()) or len(PLATFORMS))
    begins = np.arange(0, arrivals.size, max(1, int(habits.configuration_kept)))
    in_time = np.add.reduceat(choosing, begins)
    first = begins + np.array([int(np.argmax(part > 0)) for part in np.split(choosing, begins[1:])])
    configuration = np.zeros(arrivals.size)
    # The expected number of caches that at least one viewer uses within the cache time.
    np.add.at(configuration, first, caches * (1 - (1 - 1 / caches) ** in_time))
    return configuration
