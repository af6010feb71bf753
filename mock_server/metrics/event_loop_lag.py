"""Event-loop lag of the mock: rules ignore delays that the harness caused, not the service."""

from __future__ import annotations

from collections import deque

from pass_harness.mock_server.clock import Clock

_INTERVAL_S = 0.02
_RETENTION_S = 120.0


class EventLoopLag:
    """Timer of 20 ms that measures the delay of each of its wake-ups."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._delays: deque[tuple[float, float]] = deque()
        """Time (s, monotonic) and delay (ms) of each late wake-up."""
        self._due_s = clock.monotonic_s()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            self._due_s = self._clock.monotonic_s() + _INTERVAL_S
            await self._clock.sleep(_INTERVAL_S)
            now_s = self._clock.monotonic_s()
            if now_s - self._due_s > 0.001:
                self._delays.append((now_s, (now_s - self._due_s) * 1000))
            while self._delays and self._delays[0][0] < now_s - _RETENTION_S:
                self._delays.popleft()

    def since(self, start_s: float) -> float:
        """Return the maximum delay in ms since ``start_s`` (monotonic)."""
        maximum_ms = max((self._clock.monotonic_s() - self._due_s) * 1000, 0.0)
        for at_s, delay_ms in reversed(self._delays):
            if at_s < start_s:
                break
            maximum_ms = max(maximum_ms, delay_ms)
        return maximum_ms
