"""Things after which nothing more may come: an opportunity is held once it stayed quiet for long enough."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from conformance.rule import HELD, Bounded, Outcome

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass
class Quiet(Generic[K, V]):
    """Keys that should stay quiet from a moment on.

    ``patience`` is how many seconds without a sound count as an opportunity held; ``at_least`` is what suffices
    where the trace ends before that.
    """

    patience: float
    at_least: float
    _since: Bounded[K, tuple[float, V]] = field(default_factory=Bounded)
    _waiting: OrderedDict[K, float] = field(default_factory=OrderedDict)
    _now: float = float("-inf")

    def begin(self, key: K, since: float, why: V) -> None:
        """From ``since`` on nothing more may come for this key, because of ``why``. The first reason stays."""
        if self._since.get(key) is None:
            self._since.put(key, (since, why))
            self._waiting[key] = since

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

    def passed(self, now: float) -> Iterator[Outcome]:
        """One `HELD` for each key that has been quiet for long enough."""
        self._now = max(self._now, now)
        yield from self._held(self.patience)

    def finish(self) -> Iterator[Outcome]:
        yield from self._held(self.at_least)

    def _held(self, patience: float) -> Iterator[Outcome]:
        # Keys come nearly in the order of their moments, so the first that is too young ends the search.
        while self._waiting:
            key, since = next(iter(self._waiting.items()))
            if self._now - since < patience:
                return
            del self._waiting[key]
            yield HELD
