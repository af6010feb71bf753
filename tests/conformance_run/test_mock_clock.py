"""Times of verbs on the mock's clock, measured by the fastest of several readings."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest

from pass_harness.conformance.drivers.mock_clock import READINGS, MockClock
from pass_harness.mock_server.client.async_client import Health


class Mock:
    """A mock whose clock is 100 s ahead, over a connection with these delays in each direction."""

    def __init__(self, delays: Iterator[tuple[float, float]]) -> None:
        self.now = 0.0
        self.asked = 0
        self._delays = delays

    def monotonic_s(self) -> float:
        return self.now

    async def health(self) -> Health:
        there, back = next(self._delays)
        self.asked += 1
        wall = self.now + there + 100.0
        self.now += there + back
        return Health(status="ok", now=0, wall=wall)


def measured(mock: Mock) -> float:
    clock = asyncio.run(MockClock.of(cast(Any, mock), mock.monotonic_s))
    return clock.now_s() - mock.now


def test_the_fastest_reading_counts() -> None:
    mock = Mock(iter([(0.5, 0.0), (0.0, 0.9), (0.001, 0.001)]))
    assert measured(mock) == pytest.approx(100.0)
    assert mock.asked == 3


def test_a_slow_connection_is_read_repeatedly_and_the_fastest_reading_counts() -> None:
    delays = iter([(0.3, 0.1), (0.02, 0.02), *[(0.2, 0.3)] * READINGS])
    mock = Mock(delays)
    assert measured(mock) == pytest.approx(100.0)
    assert mock.asked == READINGS
