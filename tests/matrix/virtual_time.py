"""An event loop whose time advances to the next timer whenever no I/O is pending.

Half a minute of polls and pauses takes only its computing time, and a busy machine changes no interval between two
requests: time stands still while the loop computes. Sockets are real, as long as both ends are in the same
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
"""Seconds added for each turn of the loop with I/O: no event takes zero time."""
PATIENCE = 0.001
"""Real seconds in which the kernel delivers written bytes from one socket to the other, as a rule."""
PATIENCE_SHARE, LONGEST_PATIENCE = 0.02, 0.05
"""Share of a wait, and real seconds, that a busy kernel gets at most: a long wait skipped too early is a timeout."""


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.elsewhere = 0
        """Calls running in threads; time stands still for them."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout != 0:
            standing_still = timeout is None or self.elsewhere
            ready = super().select(timeout if timeout is None or standing_still else _patience(timeout))
            if not ready and timeout is not None and not standing_still:
                self.now += timeout
        if ready:
            self.now += STEP
        return ready


def _patience(timeout: float) -> float:
    """Return the real seconds to wait for I/O before time skips a wait."""
    return max(PATIENCE, min(LONGEST_PATIENCE, timeout * PATIENCE_SHARE))


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
    """The loop's time as mock and service read it. The epoch is the machine's, so tokens have today's date."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoch = time.time() - loop.time()

    def now_ms(self) -> int:
        return round((self._epoch + self._loop.time()) * 1000)

    def monotonic_s(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
