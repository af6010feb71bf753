"""Things after which nothing more may come: an opportunity is held once it stayed quiet for long enough."""

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
    """Keys that should stay quiet from a moment on.

    ``patience`` is how many seconds without a sound count as an opportunity held; ``at_least`` is what suffices
    where the trace ends before that.
    """

    patience: float
    at_least: float
    _since: Bounded[K, tuple[float, V]] = field(default_factory=lambda: Bounded(KEPT_CODES))
    _waiting: dict[K, float] = field(default_factory=dict)
    _order: list[tuple[float, int, K]] = field(default_factory=list)
    """The same as a heap by moment: codes that live for 30 minutes stand beside those that live for seconds."""
    _numbers: Iterator[int] = field(default_factory=count)

    def begin(self, key: K, since: float, why: V) -> None:
        """From ``since`` on nothing more may come for this key, because of ``why``. The first reason stays."""
        if self._since.get(key) is None:
            self._since.put(key, (since, why))
            self._waiting[key] = since
            heapq.heappush(self._order, (since, next(self._numbers), key))

    def since(self, key: K) -> tuple[float, V] | None:
        """From when on, and why, it should be quiet."""
        return self._since.get(key)

    def broken(self, key: K) -> None:
        """It was not quiet, so nothing is held."""
        self._waiting.pop(key, None)

    def end(self, key: K) -> None:
        """The reason is gone; nothing was decided."""
        self._since.pop(key)
        self._waiting.pop(key, None)

    def passed(self, now_s: float) -> Iterable[Outcome]:
        """One `HELD` for each key that has been quiet for long enough."""
        # Asked at every poll, so nothing is begun where nothing is due.
        due = self._order and now_s - self._order[0][0] >= self.patience
        return self._held(now_s, self.patience) if due else ()

    def finish(self, now_s: float) -> Iterable[Outcome]:
        """The trace has ended."""
        return self._held(now_s, self.at_least)

    def _held(self, now_s: float, patience: float) -> Iterator[Outcome]:
        while self._order and now_s - self._order[0][0] >= patience:
            since, _, key = heapq.heappop(self._order)
            # A key that was broken, ended or began anew meanwhile does not wait for this moment any more.
            if self._waiting.get(key) == since:
                del self._waiting[key]
                yield HELD
