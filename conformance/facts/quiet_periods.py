"""Quiet periods, in which no further request is allowed: an opportunity is held after a long enough one."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.sessions import KEPT_CODES
from pass_harness.conformance.outcomes import HELD, Outcome

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass
class QuietPeriods(Generic[K, V]):
    """Keys that should stay quiet from a given time on. After enough quiet an opportunity counts as held."""

    _since: Bounded[K, tuple[float, V]] = field(default_factory=lambda: Bounded(KEPT_CODES))
    _waiting: dict[K, int] = field(default_factory=dict)
    """Number of the entry in ``_order`` that decides about a key."""
    _order: list[tuple[float, int, K, float]] = field(default_factory=list)
    """Heap of the waiting keys by time: codes that live for 30 minutes are beside codes that live for seconds."""
    _numbers: Iterator[int] = field(default_factory=count)

    def begin(self, key: K, since: float, why: V, *, quiet_s: float, quiet_at_end_s: float) -> None:
        """Allow no further request for this key from ``since`` on, because of ``why``. The first reason stays.

        The key is held after ``quiet_s`` seconds of quiet, or ``quiet_at_end_s`` seconds at the end of the trace.
        """
        if self._since.get(key) is None:
            self._since.put(key, (since, why))
            self._waiting[key] = -1
            self.extend(key, since, quiet_s=quiet_s, quiet_at_end_s=quiet_at_end_s)

    def extend(self, key: K, since: float, *, quiet_s: float, quiet_at_end_s: float) -> None:
        """Wait for quiet from ``since`` on, after a request that breaks nothing, unless the key was decided."""
        if key in self._waiting:
            number = self._waiting[key] = next(self._numbers)
            heapq.heappush(self._order, (since + quiet_s, number, key, since + quiet_at_end_s))

    def since(self, key: K) -> tuple[float, V] | None:
        """Return the start of the key's quiet period and its reason, or None without one."""
        return self._since.get(key)

    def broken(self, key: K) -> None:
        """Record that the key was not quiet, so its opportunity is not held."""
        self._waiting.pop(key, None)

    def end(self, key: K) -> None:
        """End the quiet period of the key without an outcome."""
        self._since.pop(key)
        self._waiting.pop(key, None)

    def passed(self, now_s: float) -> Iterable[Outcome]:
        """Return one `HELD` for each key that has been quiet for long enough."""
        # Every poll calls this, so no generator is created while no key is due.
        due = self._order and now_s >= self._order[0][0]
        return self._held(now_s) if due else ()

    def finish(self, now_s: float) -> Iterator[Outcome]:
        """Yield one `HELD` for each key that was quiet for long enough at the end of the trace."""
        for _, number, key, enough_s in self._order:
            if self._waiting.get(key) == number and now_s >= enough_s:
                yield HELD

    def _held(self, now_s: float) -> Iterator[Outcome]:
        while self._order and now_s >= self._order[0][0]:
            _, number, key, _ = heapq.heappop(self._order)
            # A key that was broken, ended or started again since then no longer waits for this time.
            if self._waiting.get(key) == number:
                del self._waiting[key]
                yield HELD
