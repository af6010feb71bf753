"""A mapping of bounded size, for what is learned from traffic without end."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass
class Bounded(Generic[K, V]):
    """A mapping that forgets its least recently written entries."""

    limit: int = 50_000
    _entries: OrderedDict[K, V] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        # The dictionary's own method: each rule reads at every exchange.
        self.get: Callable[[K], V | None] = self._entries.get

    def put(self, key: K, value: V) -> None:
        """Writes an entry, and drops the least recently written one if there are too many."""
        entries = self._entries
        entries[key] = value
        entries.move_to_end(key)
        if len(entries) > self.limit:
            entries.popitem(last=False)

    def pop(self, key: K) -> V | None:
        """Drops an entry and returns its value; None if there is none."""
        return self._entries.pop(key, None)

    def shed(self, old: Callable[[V], bool]) -> list[V]:
        """Drops entries, least recently written first, until one is not old; those that were dropped."""
        dropped = []
        while self._entries and old(next(iter(self._entries.values()))):
            dropped.append(self._entries.popitem(last=False)[1])
        return dropped

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        """Iterates over a copy of the keys, so entries may be written or dropped meanwhile."""
        return iter(list(self._entries))
