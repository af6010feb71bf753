"""The mock's monotonic clock, estimated in this process, so that verbs and exchanges share one time scale."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from pass_harness.mock_server.client.async_client import ControlClient

EXACT = 0.004
"""Seconds of round trip below which a reading is exact enough; the rules tolerate clocks that differ by 10 ms."""
READINGS = 100


@dataclass
class Offset:
    """The offset of the mock's clock from the local one; the reading with the shortest round trip counts."""

    _round_trip_s: float = math.inf
    _measured_s: float = 0.0

    def read(self, sent_s: float, wall_s: float, received_s: float) -> bool:
        """Add a reading of the mock's clock. Return whether the best reading so far is exact enough.

        ``sent_s`` and ``received_s`` are the local times of the request and the response.
        """
        if received_s - sent_s < self._round_trip_s:
            self._round_trip_s, self._measured_s = received_s - sent_s, wall_s - (sent_s + received_s) / 2
        return self._round_trip_s < EXACT

    @property
    def seconds(self) -> float:
        # The error is half the round trip. Where it covers zero, both clocks are that of this machine.
        return 0.0 if abs(self._measured_s) <= self._round_trip_s / 2 else self._measured_s


class MockClock:
    """A clock that `now_s` reads in seconds on the scale of ``Exchange.wall``."""

    def __init__(self, offset_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._offset_s = offset_s
        self._monotonic = monotonic

    def now_s(self) -> float:
        return self._monotonic() + self._offset_s

    @classmethod
    async def of(cls, control: ControlClient, monotonic: Callable[[], float] = time.monotonic) -> MockClock:
        """Measure the offset in at most `READINGS` calls, and return the clock."""
        offset = Offset()
        for _ in range(READINGS):
            sent_s = monotonic()
            if offset.read(sent_s, (await control.health()).wall, monotonic()):
                break
        return cls(offset.seconds, monotonic)
