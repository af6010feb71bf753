"""The default store: state in the memory of one process."""

from __future__ import annotations

import itertools
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from pass_harness.mock_server.store import R, SpaceStore, StoreUnavailable, T, Table
from pass_harness.mock_server.store.packing import pack

MAX_PARTITIONS = 500_000
STATE_BYTES = 536_870_912
_RECORD_BYTES = 500
"""Bytes of memory of a record besides its contents, which take about twice as many as packed; both measured."""
_SLACK = 64
"""Full state frees this fraction of its limit at once, so that few writes look for the largest table."""


_NO_ITEMS: dict[str, Any] = {}


class StateBudget:
    """A limit in bytes for the records of all spaces together."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._spaces: weakref.WeakSet[MemorySpace] = weakref.WeakSet()

    @property
    def used(self) -> int:
        """Bytes of memory of all records, estimated from above."""
        return sum(space.size for space in self._spaces)

    def register(self, space: MemorySpace) -> None:
        """Count the records of a space, for as long as it exists."""
        self._spaces.add(space)

    def reserve(self, size: int) -> None:
        """Make room for ``size`` more bytes; raise StoreUnavailable if there is nothing to evict.

        The largest table evicts its least recently written partitions. A table keeps its last partition, so that
        lists with one partition (behaviours, keys) never lose anything.
        """
        self._used += size
        if self._used <= self.limit:
            return
        self._used = self.used + size  # without the spaces that no longer exist
        while self._used > self.limit - (self.limit // _SLACK):
            largest = max(self._spaces, key=lambda space: space.evictable)
            if not largest.evictable:
                break
            self._used -= largest.evict()
        if self._used > self.limit:
            self._used -= size
            raise StoreUnavailable(
                f"the state of this mock has reached its maximum of {self.limit} bytes: reset or delete a space, or"
                " raise bounds.state_bytes"
            )


class MemoryStore:
    """A store in dictionaries. A full table evicts its least recently written partitions."""

    def __init__(self, max_partitions: int = MAX_PARTITIONS, max_bytes: int = STATE_BYTES) -> None:
        self.budget = StateBudget(max_bytes)
        self._root = MemorySpace(max_partitions, self.budget)
        self._spaces: dict[tuple[str, int], MemorySpace] = {}
        self._max_partitions = max_partitions

    def root(self) -> SpaceStore:
        return self._root

    def space(self, name: str, life: int) -> SpaceStore:
        key = (name, life)
        if key not in self._spaces:
            self._spaces[key] = MemorySpace(self._max_partitions, self.budget)
        return self._spaces[key]

    async def drop(self, name: str, life: int) -> None:
        self._spaces.pop((name, life), None)

    async def close(self) -> None:
        self._spaces.clear()


class MemorySpace:
    """The tables of one space, in dictionaries."""

    def __init__(self, max_partitions: int, budget: StateBudget) -> None:
        self._tables: dict[str, OrderedDict[str, dict[str, Any]]] = {}
        self._sizes: dict[str, int] = {}
        """Bytes of each table."""
        self._max_partitions = max_partitions
        self._budget = budget
        budget.register(self)

    @property
    def size(self) -> int:
        """Bytes of all records."""
        return sum(self._sizes.values())

    @property
    def evictable(self) -> int:
        """Bytes of the largest table that has several partitions; 0 without one."""
        return max((size for name, size in self._sizes.items() if len(self._tables[name]) > 1), default=0)

    def evict(self) -> int:
        """Evict the least recently written partition of the largest table; return its bytes."""
        sizes = {name: size for name, size in self._sizes.items() if len(self._tables[name]) > 1}
        name = max(sizes, key=lambda table: sizes[table])
        self._remove_partition(Table(name, object), next(iter(self._tables[name])))
        return sizes[name] - self._sizes[name]

    async def read(self, table: Table[T], partition: str, item: str = "") -> T | None:
        # `_items` inlined: the most frequent operation of a request.
        partitions = self._tables.get(table.name)
        items = (self._partitions(table) if partitions is None else partitions).get(partition)
        found: T | None = items.get(item) if items is not None else None
        return found

    async def write(self, table: Table[T], partition: str, item: str, record: T) -> None:
        self._put(table, partition, item, record)

    async def delete(self, table: Table[T], partition: str, item: str = "") -> bool:
        return self._remove(table, partition, item)

    async def delete_partition(self, table: Table[T], partition: str) -> None:
        self._remove_partition(table, partition)

    async def rows(self, table: Table[T], partition: str) -> list[T]:
        return [*self._items(table, partition).values()]

    async def all_rows(self, table: Table[T]) -> list[tuple[str, str, T]]:
        found = self._partitions(table)
        return [(partition, item, record) for partition, items in found.items() for item, record in items.items()]

    async def latest(self, table: Table[T], skip: int, limit: int) -> list[tuple[str, dict[str, T]]]:
        partitions = self._partitions(table)
        return [(name, {**partitions[name]}) for name in itertools.islice(reversed(partitions), skip, skip + limit)]

    async def partitions(self, table: Table[Any]) -> int:
        return len(self._partitions(table))

    async def change(
        self, table: Table[T], partition: str, item: str, step: Callable[[T | None], tuple[T | None, R]]
    ) -> R:
        # Atomic, because nothing awaits between the read and the write.
        before = self._items(table, partition).get(item)
        record, result = step(before)
        if record is None:
            self._remove(table, partition, item)
        elif record is not before:
            self._put(table, partition, item, record)
        return result

    def _partitions(self, table: Table[Any]) -> OrderedDict[str, dict[str, Any]]:
        partitions = self._tables.get(table.name)
        if partitions is None:
            partitions = self._tables[table.name] = OrderedDict()
        return partitions

    def _items(self, table: Table[Any], partition: str) -> dict[str, Any]:
        return self._partitions(table).get(partition, _NO_ITEMS)

    def _put(self, table: Table[Any], partition: str, item: str, record: object) -> None:
        partitions = self._partitions(table)
        if partition in partitions:
            partitions.move_to_end(partition)
        before = partitions.get(partition, _NO_ITEMS).get(item)
        size = size_of(partition, item, record)
        growth = size - (size_of(partition, item, before) if before is not None else 0)
        if growth > 0:
            self._budget.reserve(growth)
        self._save(table, partition, item, record)
        partitions.setdefault(partition, {})[item] = record
        self._count(table.name, growth)
        if len(partitions) > self._max_partitions:
            self._remove_partition(table, next(iter(partitions)))

    def _save(self, table: Table[Any], partition: str, item: str, record: object) -> None:
        """Write a record to where it survives the process; in this store nowhere."""

    def _count(self, table: str, growth: int) -> None:
        self._sizes[table] = self._sizes.get(table, 0) + growth

    def _remove(self, table: Table[Any], partition: str, item: str) -> bool:
        partitions = self._partitions(table)
        items = partitions.get(partition, {})
        if item not in items:
            return False
        self._count(table.name, -size_of(partition, item, items.pop(item)))
        if not items:
            del partitions[partition]
        return True

    def _remove_partition(self, table: Table[Any], partition: str) -> None:
        removed = self._partitions(table).pop(partition, _NO_ITEMS)
        self._count(table.name, -sum(size_of(partition, item, record) for item, record in removed.items()))


def size_of(partition: str, item: str, record: object) -> int:
    """Return the bytes of memory of a record and its keys, estimated from above."""
    return _RECORD_BYTES + 2 * len(pack(record)) + len(partition) + len(item)
