"""A limit on the calls of one generating process: none goes out earlier than its turn."""

from __future__ import annotations

from collections.abc import Callable


class RateLimiter:
    """Lets calls pass at a rate; evenly, so that no second sees more of them."""

    def __init__(self, rate: float | None, now_s: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """``rate`` in calls a second; None for as many as there are."""
        self._interval = 1 / rate if rate else 0.0
        self._now = now_s
        self._sleep = sleep
        self._next = 0.0
        self.longest = 0.0
        """The longest that a call was held back, in seconds."""

    def admit(self) -> None:
        """Returns when the call may go out."""
        if not self._interval:
            return
        now_s = self._now()
        turn = max(now_s, self._next)
        self._next = turn + self._interval
        if turn > now_s:
            self.longest = max(self.longest, turn - now_s)
            self._sleep(turn - now_s)
