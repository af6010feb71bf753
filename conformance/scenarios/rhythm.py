"""The rhythm of a service: the interval between its polls, which scenarios learn and scale their waits by."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pass_harness.mock_server.exchange import Exchange

LONGEST_INTERVAL_S = 5.0
"""Poll interval until another one is learned: Adobe asks for a poll every 3 to 5 s or more."""
LONGEST_LEARNED_S = 30.0
"""Longest interval that scenarios wait for; a service that polls more rarely fails them, with the reason."""

ASKS_EVERY_S = 3.0
"""Seconds between two calls of status by an app that waits for a login: a service may poll whenever its app asks, and
Adobe asks for 3 s between two polls."""


class Rhythm:
    """The longest interval between two polls of a code that this run has seen, shared by its scenarios."""

    def __init__(self) -> None:
        self._learned_s: float | None = None

    def learn(self, polls: Sequence[Exchange]) -> None:
        """Read the polls of one code, oldest first. A service may wait longer after a failed one."""
        for before, after in pairwise(polls):
            if before.status == after.status == 200:
                self._learned_s = min(LONGEST_LEARNED_S, max(self._learned_s or 0.0, after.wall - before.wall))

    @property
    def interval_s(self) -> float:
        """Interval between two polls in seconds."""
        return self._learned_s or LONGEST_INTERVAL_S

    @property
    def quiet_s(self) -> float:
        """Time in which a service that polls on sends two more polls: a single one may read the profile again."""
        return 2 * self.interval_s + 1.5

    @property
    def two_polls_s(self) -> float:
        """Time in which a code is polled twice."""
        return 2 * self.interval_s + 2

    @property
    def notices_within_s(self) -> float:
        """Time within which the service must notice a login: several intervals."""
        return max(20.0, 3 * self.interval_s)


class Asking:
    """The pauses of an app that waits for a login."""

    def __init__(self) -> None:
        self._latest_s = -ASKS_EVERY_S

    def sent(self, verb: str, now_s: float) -> None:
        """Note the end of a verb; the service may poll at some of them."""
        if verb in {"status", "arrived"}:
            self._latest_s = now_s

    def pause_s(self, now_s: float) -> float:
        """Return the seconds until the app calls status again."""
        return max(self._latest_s + ASKS_EVERY_S - now_s, 0.0)
