"""A shared store in the memory of a test, for mocks that act as several processes without Redis."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pass_harness.mock_server.store import R, SpaceStore, T, Table
from pass_harness.mock_server.store.memory import MemorySpace, MemoryStore
from pass_harness.mock_server.store.shared import Wanted
from pass_harness.mock_server.store.space_record import SPACES, SpaceRecord


@dataclass
class MemoryLog:
    """A log of one life; ``numbers`` are shared by all lives of the space."""

    numbers: list[int]
    limit: int
    entries: list[tuple[int, bytes]] = field(default_factory=list)

    async def append(self, entry: bytes, total: int | None = None) -> int:
        if total not in {None, len(self.entries)}:
            return 0
        self.numbers[0] += 1
        self.entries.append((self.numbers[0], entry))
        return self.numbers[0]

    async def after(self, number: int, limit: int) -> list[tuple[int, bytes]]:
        return [entry for entry in self.entries[-self.limit :] if entry[0] > number][:limit]

    async def last(self) -> int:
        return self.numbers[0]

    async def total(self) -> int:
        return len(self.entries)

    async def dropped(self) -> int:
        return max(len(self.entries) - self.limit, 0)


class SharedMemoryStore(MemoryStore):
    """A store in memory with logs. Each call gives way to other tasks first, as one over a network does."""

    def __init__(self) -> None:
        super().__init__()
        self._root = _YieldingSpace(self._max_partitions, self.budget)
        self._numbers: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0])
        self._logs: dict[tuple[str, int, str], MemoryLog] = {}

    def log(self, space: str, life: int, name: str, limit: int) -> MemoryLog:
        key = (space, life, name)
        if key not in self._logs:
            self._logs[key] = MemoryLog(self._numbers[space, name], limit)
        return self._logs[key]

    def unit(self, space: str, life: int, *, deferred: bool) -> MemoryUnit:
        return MemoryUnit(self.root(), space, self.space(space, life))

    def space(self, name: str, life: int) -> SpaceStore:
        return self._spaces.setdefault((name, life), _YieldingSpace(self._max_partitions, self.budget))

    @property
    def lives(self) -> set[tuple[str, int]]:
        """The lives with records."""
        return {key for key, space in self._spaces.items() if any(space._tables.values())}


class MemoryUnit:
    """A unit of work that reads and writes at once."""

    def __init__(self, root: SpaceStore, name: str, tables: SpaceStore) -> None:
        self._root = root
        self._name = name
        self._tables = tables

    async def fetch(self, expected: SpaceRecord, wanted: Iterable[Wanted]) -> SpaceRecord | None:
        return await self._root.read(SPACES, "", self._name)

    def cached(self, table: Table[T], partition: str) -> T | None:
        return None

    def forget(self) -> None:
        """Nothing is kept."""

    def committing(self, log: MemoryLog) -> MemoryLog:
        return log

    def __getattr__(self, name: str) -> object:
        return getattr(self._tables, name)


class _YieldingSpace(MemorySpace):
    async def read(self, table: Table[T], partition: str, item: str = "") -> T | None:
        await asyncio.sleep(0)
        return await super().read(table, partition, item)

    async def write(self, table: Table[T], partition: str, item: str, record: T) -> None:
        await asyncio.sleep(0)
        await super().write(table, partition, item, record)

    async def rows(self, table: Table[T], partition: str) -> list[T]:
        await asyncio.sleep(0)
        return await super().rows(table, partition)

    async def change(
        self, table: Table[T], partition: str, item: str, step: Callable[[T | None], tuple[T | None, R]]
    ) -> R:
        await asyncio.sleep(0)
        return await super().change(table, partition, item, step)
