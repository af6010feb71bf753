"""An event loop whose time jumps to the next timer whenever nothing is under way.

Half a minute of polls and pauses then takes as long as the computing in it, and a busy machine changes no distance
between two requests: time stands still while the loop computes. Sockets are real, as long as both ends are in the
loop.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

STEP = 0.00005
"""Seconds that pass with each turn of the loop that had something to read or write: nothing happens in no time."""
PATIENCE = 0.001
"""Seconds (of the machine) in which the kernel carries what was written from one socket to the other."""


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.elsewhere = 0
        """Calls under way in threads, for which time stands still."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout != 0:
            standing_still = timeout is None or self.elsewhere
            ready = super().select(timeout if standing_still else PATIENCE)
            if not ready and timeout is not None and not standing_still:
                self.now += timeout
        if ready:
            self.now += STEP
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    def run_in_executor(  # type: ignore[override]  # the future it gives is the same
        self, executor: Executor | None, func: Callable[..., Any], *args: object
    ) -> asyncio.Future[Any]:
        future = super().run_in_executor(executor, func, *args)
        self._virtual.elsewhere += 1
        future.add_done_callback(self._back)
        return future

    def _back(self, _: asyncio.Future[Any]) -> None:
        self._virtual.elsewhere -= 1


class LoopClock:
    """The loop's time as mock and service take it. The epoch is the machine's, so that tokens are of today."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoch = time.time() - loop.time()

    def now_ms(self) -> int:
        return round((self._epoch + self._loop.time()) * 1000)

    def monotonic_s(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
