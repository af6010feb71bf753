"""How late the mock's own event loop runs: a judge must know when the harness, not the service, was slow."""

from __future__ import annotations

from collections import deque

from pass_harness.mock_server.clock import Clock

_BEAT = 0.02
_KEPT_SECONDS = 120.0


class EventLoopLag:
    """Beats every 20 ms and notes by how much each beat came late."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._late: deque[tuple[float, float]] = deque()
        self._due = clock.monotonic_s()

    async def run(self) -> None:
        """Beats until cancelled."""
        while True:
            self._due = self._clock.monotonic_s() + _BEAT
            await self._clock.sleep(_BEAT)
            now_s = self._clock.monotonic_s()
            if now_s - self._due > 0.001:
                self._late.append((now_s, (now_s - self._due) * 1000))
            while self._late and self._late[0][0] < now_s - _KEPT_SECONDS:
                self._late.popleft()

    def since(self, moment: float) -> float:
        """The worst delay in ms from ``moment`` (s, monotonic) up to now."""
        worst = max((self._clock.monotonic_s() - self._due) * 1000, 0.0)
        for when, delay in reversed(self._late):
            if when < moment:
                break
            worst = max(worst, delay)
        return worst
