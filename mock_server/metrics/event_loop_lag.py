"""Event-loop lag of the mock: rules ignore delays that the harness caused, not the service."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.exchange import Stall

STALL_MS = 250.0
"""Delay in ms above which a late wake-up is a stall. The rules do not judge short times with such a lag."""
_INTERVAL_S = 0.02
_NOTICED_MS = 1.0
_RETENTION_S = 120.0
_WAITING_WAKE_UPS = 3
"""Number of wake-ups from the arrival of a request at a busy process to its begin, at most.

The loop accepts a connection in one turn, reads it in the next, and begins the request in a third. It runs timers at
the start of a turn, so the late wake-up after a stall comes before the requests that waited during the stall.
"""


class EventLoopLag:
    """Timer of 20 ms that measures the delay of each of its wake-ups."""

    def __init__(self, clock: Clock) -> None:
        self.on_stall: Callable[[Stall], object] = lambda _: None
        """Receives each stall when it is over."""
        self._clock = clock
        self._wake_ups: deque[tuple[float, float]] = deque(maxlen=int(_RETENTION_S / _INTERVAL_S))
        """Time (s, monotonic) and delay (ms) of the latest wake-ups."""
        self._due_s = clock.monotonic_s()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            self._due_s = self._clock.monotonic_s() + _INTERVAL_S
            await self._clock.sleep(_INTERVAL_S)
            now_s = self._clock.monotonic_s()
            delay_ms = (now_s - self._due_s) * 1000
            self._wake_ups.append((now_s, delay_ms if delay_ms > _NOTICED_MS else 0.0))
            if delay_ms > STALL_MS:
                at = self._clock.now_ms() - round(delay_ms)
                self.on_stall(Stall(at=at, wall=self._due_s, stalled_ms=round(delay_ms, 3)))

    def since(self, start_s: float) -> float:
        """Return the maximum delay in ms that a request may have had which began at ``start_s`` (monotonic).

        The request may have arrived earlier, so the wake-ups just before its begin count too.
        """
        maximum_ms = max((self._clock.monotonic_s() - self._due_s) * 1000, 0.0)
        earlier = 0
        for at_s, delay_ms in reversed(self._wake_ups):
            if at_s < start_s:
                earlier += 1
                if earlier > _WAITING_WAKE_UPS:
                    break
            maximum_ms = max(maximum_ms, delay_ms)
        return maximum_ms
