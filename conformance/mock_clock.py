"""The mock's monotonic clock as seen from here, so that verbs and exchanges stand on one scale of time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from mock_server.control_client import ControlClient

EXACT = 0.004
"""Seconds of round trip below which a reading is exact enough; the rules forgive clocks that differ by 10 ms."""
READINGS = 100


class MockClock:
    """`now` gives seconds on the scale of ``Exchange.wall``."""

    def __init__(self, offset: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._offset = offset
        self._monotonic = monotonic

    def now(self) -> float:
        return self._monotonic() + self._offset

    @classmethod
    async def of(cls, control: ControlClient, monotonic: Callable[[], float] = time.monotonic) -> MockClock:
        """Measures the offset: of several readings the quickest is the most exact (error: half its round trip)."""
        quickest, offset = math.inf, 0.0
        for _ in range(READINGS):
            sent = monotonic()
            wall = (await control.health()).wall
            received = monotonic()
            if received - sent < quickest:
                quickest, offset = received - sent, wall - (sent + received) / 2
            if quickest < EXACT:
                break
        return cls(offset, monotonic)
