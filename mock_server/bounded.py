"""A mapping of bounded size, for state that grows with the traffic."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass
class Bounded(Generic[K, V]):
    """A mapping that evicts its least recently written entries beyond ``limit``."""

    limit: int = 50_000
    _entries: OrderedDict[K, V] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        # The method of the dictionary, for speed: each rule reads at every exchange.
        self.get: Callable[[K], V | None] = self._entries.get

    def put(self, key: K, value: V) -> None:
        """Write an entry, and evict the least recently written one if there are too many."""
        entries = self._entries
        entries[key] = value
        entries.move_to_end(key)
        if len(entries) > self.limit:
            entries.popitem(last=False)

    def pop(self, key: K) -> V | None:
        """Remove an entry and return its value; None without an entry."""
        return self._entries.pop(key, None)

    def shed(self, old: Callable[[V], bool]) -> list[V]:
        """Remove entries, least recently written first, until one is not old; return the removed values."""
        dropped = []
        while self._entries and old(next(iter(self._entries.values()))):
            dropped.append(self._entries.popitem(last=False)[1])
        return dropped

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        """Iterate over a copy of the keys, so that entries can be written or removed meanwhile."""
        return iter(list(self._entries))
