"""Requests that repeat like those of a poller, whatever endpoint they go to."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, TypeVar

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import brief
from pass_harness.conformance.facts.polls import LONGEST_INTERVAL_S
from pass_harness.conformance.facts.sessions import KEPT_CODES
from pass_harness.conformance.facts.short_gaps import are_alike
from pass_harness.mock_server.exchange import Exchange

STEADY_REQUESTS = 4
"""Number of requests at equal intervals that count as polling."""
MANY_REQUESTS = 8
"""Number of requests that count as polling at any intervals: no viewer asks that often."""
QUICK_S = 15.0
"""Seconds between two of the many requests, at most."""

K = TypeVar("K", bound=Hashable)


@dataclass
class RepeatedRequests(Generic[K]):
    """The latest requests of one purpose, by key."""

    steady: int = STEADY_REQUESTS
    many: int = MANY_REQUESTS
    shortest_s: float = 0.0
    longest_s: float = LONGEST_INTERVAL_S
    """Seconds between two requests at equal intervals, at least and at most."""
    _latest: Bounded[K, tuple[Exchange, ...]] = field(default_factory=lambda: Bounded(KEPT_CODES))

    def add(self, key: K, seen: Exchange) -> Sequence[Exchange]:
        """Return the requests that are polling with this one, and begin again after them."""
        before = self._latest.get(key) or ()
        if before and seen.wall - before[-1].wall > self.longest_s:
            before = ()
        requests = (*before, brief(seen))[-max(self.steady, self.many) :]
        gaps = [after.wall - request.wall for request, after in pairwise(requests)]
        steady = gaps[1 - self.steady :]
        many = len(requests) == self.many and max(gaps) <= QUICK_S
        if many or (len(steady) == self.steady - 1 and min(steady) >= self.shortest_s and are_alike(steady)):
            self._latest.pop(key)
            return requests
        self._latest.put(key, requests)
        return ()

    def forget(self, key: K) -> None:
        self._latest.pop(key)
