"""Clocks: the only source of time in the mock. Other modules take a clock or a time as an argument."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

LATEST_MS = 221_845_392_000_000
"""The year 9000, up to which the clock of a space can be advanced: dates have four digits for the year, and lifetimes
reach a century beyond the clock."""


class Clock(Protocol):
    """Interface of the mock's clocks."""

    def now_ms(self) -> int:
        """Return the time in milliseconds since the epoch."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds of a monotonic clock; only differences are meaningful."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock. A change of the system time during a run has no effect, because it is read once."""

    def __init__(self, monotonic_offset_s: float | None = None) -> None:
        """``monotonic_offset_s`` converts the machine's monotonic clock to the clock that several machines share."""
        self._offset_s = monotonic_offset_s or 0.0
        epoch_s = time.time() - time.monotonic() if monotonic_offset_s is None else monotonic_offset_s
        self._epoch_ms = epoch_s * 1000

    def now_ms(self) -> int:
        return int(self._epoch_ms + time.monotonic() * 1000)

    def monotonic_s(self) -> float:
        return time.monotonic() + self._offset_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock for tests: only `tick` and `sleep` advance it."""

    def __init__(self, now_ms: int = 1_752_149_281_000) -> None:
        self._now = now_ms

    def now_ms(self) -> int:
        return self._now

    def monotonic_s(self) -> float:
        return self._now / 1000

    async def sleep(self, seconds: float) -> None:
        self.tick(seconds)

    def tick(self, seconds: float) -> None:
        self._now += round(seconds * 1000)


class SpaceClock:
    """The clock of one space: the mock's clock plus the offset that tests have set."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self.offset_ms = 0

    def now_ms(self) -> int:
        return self._base.now_ms() + self.offset_ms

    def monotonic_s(self) -> float:
        return self._base.monotonic_s()

    async def sleep(self, seconds: float) -> None:
        await self._base.sleep(seconds)
