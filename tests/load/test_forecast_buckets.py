"""The vectorised rate limit over many addresses decides every call like the mock's rate limit."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.load.forecast.throttle_buckets import Calls, Limits, throttle
from pass_harness.mock_server.adobe.throttle import Limit, admit

MEMBERS = 3
ARRIVALS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 20_000), st.integers(0, 11), st.integers(0, MEMBERS - 1)),
    max_size=150,
)
LIMITS = st.builds(Limit, rate=st.sampled_from([0.2, 1.0, 4.0]), burst=st.integers(0, 10))
Arrivals = list[tuple[int, int, int, int]]
"""Address, time, endpoint and member of the household."""
Others = list[tuple[int, int, Limit]]


@dataclass(frozen=True, order=True)
class Refused:
    """One attempt that was answered 429."""

    address: int
    at: int
    endpoint: int
    last: bool


Found = tuple[list[Refused], list[tuple[int, int, int]]]
"""Refused attempts, and the first time of each call: address, time, endpoint."""


def one_by_one(arrivals: Arrivals, usual: Limit, others: Others, pause: int, tries: int) -> Found:
    """Return the result of the mock's own `admit`, one address and one call at a time."""
    refused: list[Refused] = []
    made: list[tuple[int, int, int]] = []
    queues: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for address, at, endpoint, member in sorted(arrivals):
        queues[address][member].append((at, endpoint))
    for address, members in queues.items():
        bucket, held = None, 0
        ready = {member: (calls[0][0], member, 0) for member, calls in members.items()}
        while ready:
            due, member, tried = min(ready.values())
            now, (intended, endpoint) = max(due, held), members[member][0]
            if not tried:
                made.append((address, now, endpoint))
            limit = next((one for begins, ends, one in reversed(others) if begins <= now < ends), usual)
            passes, bucket = admit(bucket, now, limit)
            if not passes:
                held = now + pause
                refused.append(Refused(address, now, endpoint, tried + 1 == tries))
                if tried + 1 < tries:
                    ready[member] = (held, member, tried + 1)
                    continue
            members[member].pop(0)
            del ready[member]
            if members[member]:
                ready[member] = (members[member][0][0] + now - intended, member, 0)
    return sorted(refused), sorted(made)


def in_columns(arrivals: Arrivals, usual: Limit, others: Others, pause: int, tries: int) -> Found:
    columns = np.array(arrivals, dtype=np.int64).reshape(-1, 4).T
    calls = Calls.ordered(*columns)
    met = throttle(calls, Limits(usual, others), pause=pause / 1000, tries=tries)
    rows = zip(met.address, met.refused_at, met.endpoint, met.last, strict=True)
    refused = [Refused(int(a), int(t), int(e), bool(last)) for a, t, e, last in rows]
    made = [(int(a), int(t), int(e)) for a, t, e in zip(calls.address, met.at, calls.endpoint, strict=True)]
    return sorted(refused), sorted(made)


@given(ARRIVALS, LIMITS, st.sampled_from([0, 440, 1100, 1650]), st.integers(1, 6))
def test_any_arrivals_are_throttled_as_by_the_mock(arrivals: Arrivals, limit: Limit, pause: int, tries: int) -> None:
    assert in_columns(arrivals, limit, [], pause, tries) == one_by_one(arrivals, limit, [], pause, tries)


@given(ARRIVALS, LIMITS, st.integers(0, 15_000), st.integers(1, 10_000))
def test_a_temporary_limit_is_applied(arrivals: Arrivals, limit: Limit, begins: int, lasts: int) -> None:
    others = [(begins, begins + lasts, limit)]
    assert in_columns(arrivals, Limit(), others, 1100, 3) == one_by_one(arrivals, Limit(), others, 1100, 3)


def test_eleven_calls_at_once_pass_and_the_twelfth_is_retried() -> None:
    refused, made = in_columns([(0, 0, 0, 0)] * 12, Limit(), [], 1100, 3)
    assert refused == [Refused(0, 0, 0, last=False)]
    assert made == [(0, 0, 0)] * 12


def test_a_refused_device_is_delayed_and_others_of_its_household_are_not() -> None:
    busy, idle = [(0, 0, 0, 0)] * 12 + [(0, 9_000, 1, 0)], [(0, 5_000, 2, 1)]
    _, made = in_columns([*busy, *idle], Limit(), [], 1100, 3)
    assert [moment for _, moment, endpoint in made if endpoint == 1] == [10_100]
    assert [moment for _, moment, endpoint in made if endpoint == 2] == [5_000]


@pytest.mark.parametrize(("devices", "share"), [(1, 0.0), (3, 0.45)])
def test_devices_at_one_address_share_its_limit(devices: int, share: float) -> None:
    calls = [(0, number * 500, 0, device) for number in range(18) for device in range(devices)]
    refused, _ = in_columns(calls, Limit(), [], 1100, 1)
    assert len(refused) / len(calls) == pytest.approx(share, abs=0.1)
