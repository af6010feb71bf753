"""The throttle over many addresses in columns is the mock's throttle, call by call."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.forecast.buckets import Calls, Limits, throttle
from mock_server.throttle import Limit, admit

ARRIVALS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 20_000), st.integers(0, 11)), max_size=150)
LIMITS = st.builds(Limit, rate=st.sampled_from([0.2, 1.0, 4.0]), burst=st.integers(0, 10))


@dataclass(frozen=True)
class Refused:
    """One try that was answered 429."""

    address: int
    at: int
    endpoint: int
    last: bool


def one_by_one(
    arrivals: list[tuple[int, int, int]], usual: Limit, others: list[tuple[int, int, Limit]], pause: int, tries: int
) -> list[Refused]:
    """The same by the mock's own `admit`, an address and a call at a time."""
    found = []
    of_address = defaultdict(list)
    for address, at, endpoint in arrivals:
        of_address[address].append((at, endpoint))
    for address, calls in of_address.items():
        bucket, held = None, 0
        for at, endpoint in sorted(calls):
            now = max(at, held)
            for tried in range(1, tries + 1):
                limit = next((one for begins, ends, one in reversed(others) if begins <= now < ends), usual)
                passes, bucket = admit(bucket, now, limit)
                if passes:
                    break
                held = now + pause
                found.append(Refused(address, now, endpoint, tried == tries))
                now = held
    return sorted(found, key=lambda one: (one.address, one.at, one.endpoint, one.last))


def in_columns(
    arrivals: list[tuple[int, int, int]], usual: Limit, others: list[tuple[int, int, Limit]], pause: int, tries: int
) -> list[Refused]:
    columns = np.array(arrivals, dtype=np.int64).reshape(-1, 3).T
    refused = throttle(Calls.ordered(*columns), Limits(usual, others), pause=pause / 1000, tries=tries)
    rows = zip(refused.address, refused.at, refused.endpoint, refused.last, strict=True)
    found = [Refused(int(a), int(t), int(e), bool(last)) for a, t, e, last in rows]
    return sorted(found, key=lambda one: (one.address, one.at, one.endpoint, one.last))


@given(ARRIVALS, LIMITS, st.sampled_from([0, 440, 1100, 1650]), st.integers(1, 6))
def test_any_arrivals_are_throttled_as_the_mock_does(
    arrivals: list[tuple[int, int, int]], limit: Limit, pause: int, tries: int
) -> None:
    assert in_columns(arrivals, limit, [], pause, tries) == one_by_one(arrivals, limit, [], pause, tries)


@given(ARRIVALS, LIMITS, st.integers(0, 15_000), st.integers(1, 10_000))
def test_a_limit_that_changes_for_a_while_is_followed(
    arrivals: list[tuple[int, int, int]], limit: Limit, begins: int, lasts: int
) -> None:
    others = [(begins, begins + lasts, limit)]
    assert in_columns(arrivals, Limit(), others, 1100, 3) == one_by_one(arrivals, Limit(), others, 1100, 3)


def test_eleven_calls_at_once_pass_and_the_twelfth_comes_again() -> None:
    refused = in_columns([(0, 0, 0)] * 12, Limit(), [], 1100, 3)
    assert refused == [Refused(0, 0, 0, last=False)]


@pytest.mark.parametrize(("devices", "share"), [(1, 0.0), (3, 0.45)])
def test_devices_behind_one_address_are_refused_what_each_alone_is_not(devices: int, share: float) -> None:
    calls = [(0, number * 1000 // 2, 0) for number in range(18)] * devices
    refused = in_columns(calls, Limit(), [], 1100, 1)
    assert len(refused) / len(calls) == pytest.approx(share, abs=0.1)
