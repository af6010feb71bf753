"""The mock's monotonic clock as seen from here, so that verbs and exchanges stand on one scale of time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from pass_harness.mock_server.client.async_client import ControlClient

EXACT = 0.004
"""Seconds of round trip below which a reading is exact enough; the rules forgive clocks that differ by 10 ms."""
READINGS = 100


@dataclass
class Offset:
    """What is to be added to a clock here to read the mock's: of several readings the quickest is the most exact."""

    _quickest: float = math.inf
    _measured: float = 0.0

    def read(self, sent: float, wall: float, received: float) -> bool:
        """Takes a reading of the mock's clock, asked for and answered at these times here; whether it is exact."""
        if received - sent < self._quickest:
            self._quickest, self._measured = received - sent, wall - (sent + received) / 2
        return self._quickest < EXACT

    @property
    def seconds(self) -> float:
        # The error is half the round trip. Where it covers zero both clocks are one: that of this machine.
        return 0.0 if abs(self._measured) <= self._quickest / 2 else self._measured


class MockClock:
    """`now` gives seconds on the scale of ``Exchange.wall``."""

    def __init__(self, offset: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._offset = offset
        self._monotonic = monotonic

    def now_s(self) -> float:
        return self._monotonic() + self._offset

    @classmethod
    async def of(cls, control: ControlClient, monotonic: Callable[[], float] = time.monotonic) -> MockClock:
        """Measures the offset."""
        offset = Offset()
        for _ in range(READINGS):
            sent = monotonic()
            if offset.read(sent, (await control.health()).wall, monotonic()):
                break
        return cls(offset.seconds, monotonic)
