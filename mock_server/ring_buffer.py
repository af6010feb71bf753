"""Ring buffers that share a limit in bytes, for entries that are kept as long as there is room."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_SLACK = 64
"""A full budget frees this fraction of its limit at once, so that few appends look for the largest ring buffer."""


class ByteBudget:
    """A limit in bytes for several ring buffers together. When it is exceeded, the largest drops its oldest entries.

    So a space with much traffic loses its own entries, not those of the other spaces.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._rings: weakref.WeakSet[RingBuffer[Any]] = weakref.WeakSet()

    @property
    def used(self) -> int:
        """Bytes of all entries."""
        return sum(ring.size for ring in self._rings)

    def register(self, ring: RingBuffer[Any]) -> None:
        """Count the entries of a ring buffer, for as long as it exists."""
        self._rings.add(ring)

    def add(self, size: int) -> None:
        """Count the bytes of a new entry, and make room for it."""
        self._used += size
        if self._used <= self.limit:
            return
        self._used = self.used  # without the rings that no longer exist, and with what others dropped by themselves
        if self._used > self.limit:
            while (excess := self._used - (self.limit - self.limit // _SLACK)) > 0:
                freed = max(self._rings, key=lambda ring: ring.size).drop_oldest(excess)
                if not freed:
                    return
                self._used -= freed


class RingBuffer(Generic[T]):
    """The latest entries, at most ``limit`` of them, and at most as many as the budget has bytes for."""

    def __init__(self, limit: int, budget: ByteBudget, on_drop: Callable[[T], None] = lambda _: None) -> None:
        """``on_drop`` receives each entry that is dropped to make room."""
        self.entries: deque[T] = deque()
        self.dropped = 0
        """Number of entries dropped since the ring buffer was last cleared."""
        self.size = 0
        """Bytes of the entries."""
        self._sizes: deque[int] = deque()
        self._limit = limit
        self._budget = budget
        self._on_drop = on_drop
        budget.register(self)

    def append(self, entry: T, size: int) -> None:
        """Append an entry of ``size`` bytes, and drop the oldest ones if there are too many."""
        self.entries.append(entry)
        self._sizes.append(size)
        self.size += size
        if len(self.entries) > self._limit:
            self.drop_oldest()
        self._budget.add(size)

    def drop_oldest(self, least: int = 1) -> int:
        """Drop the oldest entries of ``least`` bytes together; return their bytes, or 0 if there are none."""
        before = self.size
        while self.entries and before - self.size < least:
            self.size -= self._sizes.popleft()
            self.dropped += 1
            self._on_drop(self.entries.popleft())
        return before - self.size

    def clear(self) -> None:
        """Remove all entries."""
        self.entries.clear()
        self._sizes.clear()
        self.size = self.dropped = 0
