"""A rate limit for the calls of one generating process."""

from __future__ import annotations

from collections.abc import Callable


class RateLimiter:
    """A rate limiter that spaces calls evenly, without bursts."""

    def __init__(self, rate: float | None, now_s: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """Limit to ``rate`` calls per second; None for no limit."""
        self._interval = 1 / rate if rate else 0.0
        self._now = now_s
        self._sleep = sleep
        self._next = 0.0
        self.longest = 0.0
        """Longest delay of a call, in seconds."""

    def admit(self) -> None:
        """Wait until the call may be sent."""
        if not self._interval:
            return
        now_s = self._now()
        send_at = max(now_s, self._next)
        self._next = send_at + self._interval
        if send_at > now_s:
            self.longest = max(self.longest, send_at - now_s)
            self._sleep(send_at - now_s)
