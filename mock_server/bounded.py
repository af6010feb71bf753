"""A mapping of bounded size, for facts collected from unbounded traffic."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass
class Bounded(Generic[K, V]):
    """A mapping with a maximum size that evicts its least recently written entries."""

    limit: int = 50_000
    _entries: OrderedDict[K, V] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        # The dictionary's own method, without a call in between: each rule reads at every exchange.
        self.get: Callable[[K], V | None] = self._entries.get

    def put(self, key: K, value: V) -> None:
        """Write an entry; evict the least recently written one if there are too many."""
        entries = self._entries
        entries[key] = value
        entries.move_to_end(key)
        if len(entries) > self.limit:
            entries.popitem(last=False)

    def pop(self, key: K) -> V | None:
        """Remove an entry and return its value; return None if there is none."""
        return self._entries.pop(key, None)

    def shed(self, old: Callable[[V], bool]) -> list[V]:
        """Evict entries, least recently written first, until one is not old; return the evicted values."""
        dropped = []
        while self._entries and old(next(iter(self._entries.values()))):
            dropped.append(self._entries.popitem(last=False)[1])
        return dropped

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        """Iterate over a copy of the keys, so that the loop may write and remove entries."""
        return iter(list(self._entries))
