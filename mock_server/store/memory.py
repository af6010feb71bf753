"""The default store: state in the memory of one process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from pass_harness.mock_server.store import R, SpaceStore, T, Table

MAX_PARTITIONS = 500_000


_NO_ITEMS: dict[str, Any] = {}


class MemoryStore:
    """A store in dictionaries. A full table evicts its least recently written partitions."""

    def __init__(self, max_partitions: int = MAX_PARTITIONS) -> None:
        self._root = MemorySpace(max_partitions)
        self._spaces: dict[tuple[str, int], MemorySpace] = {}
        self._max_partitions = max_partitions

    def root(self) -> SpaceStore:
        return self._root

    def space(self, name: str, life: int) -> SpaceStore:
        return self._spaces.setdefault((name, life), MemorySpace(self._max_partitions))

    async def drop(self, name: str, life: int) -> None:
        self._spaces.pop((name, life), None)

    async def close(self) -> None:
        self._spaces.clear()


class MemorySpace:
    """The tables of one space, in dictionaries."""

    def __init__(self, max_partitions: int) -> None:
        self._tables: dict[str, OrderedDict[str, dict[str, Any]]] = {}
        self._max_partitions = max_partitions

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
        items = partitions.get(partition)
        if items is None:
            partitions[partition] = {item: record}
        else:
            items[item] = record
            partitions.move_to_end(partition)
        if len(partitions) > self._max_partitions:
            self._remove_partition(table, next(iter(partitions)))

    def _remove(self, table: Table[Any], partition: str, item: str) -> bool:
        partitions = self._partitions(table)
        items = partitions.get(partition, {})
        if item not in items:
            return False
        del items[item]
        if not items:
            del partitions[partition]
        return True

    def _remove_partition(self, table: Table[Any], partition: str) -> None:
        self._partitions(table).pop(partition, None)
