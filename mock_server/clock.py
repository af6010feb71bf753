"""The only source of time in the mock. Everything else is handed a clock, or a time."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Time as the mock knows it."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        ...

    def monotonic_s(self) -> float:
        """Seconds on a clock that nothing can move; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock, read once: a step of the system time during a run moves nothing."""

    def __init__(self, common: float | None = None) -> None:
        """``common`` is what makes the machine's monotonic clock one that other machines go by too (s)."""
        self._common = common or 0.0
        self._epoch_ms = (time.time() - time.monotonic() if common is None else common) * 1000

    def now_ms(self) -> int:
        return int(self._epoch_ms + time.monotonic() * 1000)

    def monotonic_s(self) -> float:
        return time.monotonic() + self._common

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to; for tests of whatever takes a clock."""

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
    """The clock of one space: the mock's clock, set forward by as much as was asked for."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self.offset = 0

    def now_ms(self) -> int:
        return self._base.now_ms() + self.offset

    def monotonic_s(self) -> float:
        return self._base.monotonic_s()

    async def sleep(self, seconds: float) -> None:
        await self._base.sleep(seconds)
