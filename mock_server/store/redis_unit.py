"""A unit of work in Redis: one script reads what a request needs, one writes its changes with the journal entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from pass_harness.mock_server.store import Caching, R, T, Table
from pass_harness.mock_server.store.packing import pack
from pass_harness.mock_server.store.redis_scripts import (
    ANY,
    COMMIT,
    CONFLICT,
    FETCH,
    in_order,
    pairs,
    record_in,
    sequences,
)
from pass_harness.mock_server.store.redis_space import RedisLog, RedisSpace
from pass_harness.mock_server.store.shared import Appender, ConflictError, Wanted
from pass_harness.mock_server.store.space_record import SPACES, SpaceRecord
from pass_harness.mock_server.store.steps import Insert, NamedStep

MOST_RECORDS = 1_000
"""Records of one space that a process keeps between requests; when it has more, it starts again with none."""
_ABSENT = object()


@dataclass
class Known:
    """The records of one space that this process keeps between requests."""

    epoch: tuple[int, int, int] = (0, 0, 0)
    """Life, epoch of the life, and generation of the connection."""
    records: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    """Records of that epoch by table, partition and item."""
    space: tuple[bytes, SpaceRecord] | None = None
    """The record of the space as read last, with its sequence numbers."""

    def apply(self, *epoch: *tuple[int, int, int]) -> None:
        """Forget the records of earlier epochs. Reads in progress add to the old dictionary, which nothing reads."""
        if epoch != self.epoch:
            self.epoch, self.records = epoch, {}


class _Change(NamedTuple):
    """A deferred write: the new record (None deletes), and the sequence numbers of the one that it replaces."""

    table: Table[Any]
    record: Any
    expected: bytes | str


class RedisUnit:
    """The tables of one life of a space, for one request."""

    def __init__(
        self, space: RedisSpace, name: str, record_key: str, known: Known, life: int, *, deferred: bool
    ) -> None:
        self._space = space
        self._name = name
        self._record_key = record_key
        self._known = known
        self._life = life
        self._deferred = deferred
        self._kept = known.records
        self._values: dict[tuple[str, str, str], bytes | None] = {}
        """Values as read, by table, partition and item."""
        self._partitions: dict[tuple[str, str], dict[bytes, bytes]] = {}
        """Values of whole partitions as read."""
        self._taken: dict[tuple[str, str, str], tuple[NamedStep, int]] = {}
        """Named steps that `fetch` has executed, with their results."""
        self._changes: dict[tuple[str, str, str], _Change] = {}

    def cached(self, table: Table[T], partition: str) -> T | None:
        record: T | None = self._kept.get((table.name, partition, ""))
        return record

    async def fetch(self, expected: SpaceRecord, wanted: Iterable[Wanted]) -> SpaceRecord | None:
        space = self._space
        keys = [space.base, self._record_key]
        read, known = self._known.space or (b"", None)
        arguments: list[Any] = [*space.bounds, read if known is expected else b"", self._name]
        asked = []
        for one in wanted:
            table, partition, item, step = one
            if table.caching and (table.name, partition, item) in self._kept:
                continue
            asked.append(one)
            keys += space.keys(table, partition)
            if step is not None:
                given = step.arguments
                arguments += (
                    "step", item, table.name, partition, int(table.caching), step.name, len(given), *given
                )  # fmt: skip
            elif item is not None:
                arguments += ("item", item)
            else:
                arguments += ("rows", "")
        answer: list[Any] = await space.route.script(FETCH, keys, arguments)
        if answer[0] != 1:
            return self._read_record(answer[0])
        self._known.apply(self._life, answer[1], space.route.generation)
        self._kept = self._known.records
        for one, found in zip(asked, answer[2:], strict=True):
            self._add(one, found)
        return expected

    def forget(self) -> None:
        self._values.clear()
        self._partitions.clear()

    async def read(self, table: Table[T], partition: str, item: str = "") -> T | None:
        key = (table.name, partition, item)
        change = self._changes.get(key)
        if change is not None:
            changed: T | None = change.record
            return changed
        if table.caching:
            kept = self._kept.get(key, _ABSENT)
            if kept is not _ABSENT:
                found: T | None = kept
                return found
        records = self._kept
        record = record_in(table, await self._value(table, partition, item))
        self._keep(records, table, key, record)
        return record

    async def write(self, table: Table[T], partition: str, item: str, record: T) -> None:
        if self._deferred:
            earlier = self._changes.get((table.name, partition, item))
            self._defer(table, partition, item, record, earlier.expected if earlier is not None else ANY)
            return
        await self._space.write(table, partition, item, record)
        self._discard(table, partition, item)

    async def delete(self, table: Table[T], partition: str, item: str = "") -> bool:
        return await self.change(table, partition, item, lambda record: (None, record is not None))

    async def delete_partition(self, table: Table[T], partition: str) -> None:
        await self._flush()
        await self._space.delete_partition(table, partition)
        self.forget()

    async def rows(self, table: Table[T], partition: str) -> list[T]:
        key = (table.name, partition)
        if any(changed[:2] == key for changed in self._changes):
            await self._flush()
        values = self._partitions.get(key)
        if values is None:
            values = self._partitions[key] = await self._space.values(table, partition)
        return [record for _, record in in_order(table, values)]

    async def all_rows(self, table: Table[T]) -> list[tuple[str, str, T]]:
        await self._flush()
        return await self._space.all_rows(table)

    async def latest(self, table: Table[T], skip: int, limit: int) -> list[tuple[str, dict[str, T]]]:
        await self._flush()
        return await self._space.latest(table, skip, limit)

    async def partitions(self, table: Table[Any]) -> int:
        await self._flush()
        return await self._space.partitions(table)

    async def change(
        self, table: Table[T], partition: str, item: str, step: Callable[[T | None], tuple[T | None, R]]
    ) -> R:
        key = (table.name, partition, item)
        if isinstance(step, NamedStep):
            taken = self._taken.pop(key, None)
            if taken is not None and taken[0] == step:
                result: R = step.result(taken[1])
                return result
            return await self._space.change(table, partition, item, step)
        if not self._deferred:
            try:
                return await self._space.change(table, partition, item, step)
            finally:
                self._discard(table, partition, item)
        earlier = self._changes.get(key)
        before: T | None
        if earlier is not None:
            before, expected = earlier.record, earlier.expected
        elif isinstance(cast("object", step), Insert) and key not in self._values:
            before, expected = None, b""
        else:
            value = await self._value(table, partition, item)
            before, expected = record_in(table, value), sequences(value)
        record, told = step(before)
        if record is not before:
            self._defer(table, partition, item, record, expected)
        return told

    def committing(self, log: RedisLog) -> Appender:
        return _CommittingLog(self, log)

    async def commit(self, log: RedisLog | None, entry: bytes = b"") -> int:
        """Write the deferred changes, and append an entry to a log if there is one; return its number."""
        space = self._space
        keys = [space.base, *((log.numbers, log.entries) if log is not None else (space.base, space.base))]
        named: tuple[Any, ...] = (log.name, log.limit) if log is not None else ("", 0)
        arguments: list[Any] = [*space.bounds, *named, entry, ""]
        for (name, partition, item), (table, record, expected) in self._changes.items():
            keys += space.keys(table, partition)
            packed = pack(record) if record is not None else b""
            arguments += (name, partition, int(table.caching), item, packed, expected)
        number: int = await space.route.script(COMMIT, keys, arguments)
        if number == CONFLICT:
            raise ConflictError
        self._changes = {}
        return number

    def _defer(self, table: Table[Any], partition: str, item: str, record: object, expected: bytes | str) -> None:
        self._changes[table.name, partition, item] = _Change(table, record, expected)

    async def _flush(self) -> None:
        """Write the deferred changes now."""
        if self._changes:
            await self.commit(None)
            self.forget()

    async def _value(self, table: Table[Any], partition: str, item: str) -> bytes | None:
        key = (table.name, partition, item)
        if key in self._values:
            return self._values[key]
        whole = self._partitions.get(key[:2])
        if whole is not None:
            return whole.get(item.encode())
        value = self._values[key] = await self._space.read_value(table, partition, item)
        return value

    def _discard(self, table: Table[Any], partition: str, item: str) -> None:
        """Forget an item that was just written; its partition too."""
        self._kept.pop((table.name, partition, item), None)
        self._values.pop((table.name, partition, item), None)
        self._partitions.pop((table.name, partition), None)

    def _add(self, wanted: Wanted, found: Any) -> None:  # noqa: ANN401 (as the server answers)
        """Add what `fetch` has read."""
        table, partition, item, step = wanted
        if item is None:
            self._partitions[table.name, partition] = pairs(found)
            return
        key = (table.name, partition, item)
        if step is not None:
            self._taken[key] = (step, found)
        elif table.caching:
            self._keep(self._kept, table, key, record_in(table, found))
            self._values[key] = found
        else:
            self._values[key] = found

    def _keep(
        self, records: dict[tuple[str, str, str], Any], table: Table[T], key: tuple[str, str, str], record: T | None
    ) -> None:
        """Keep a record for later requests; ``records`` are those of the epoch before it was read."""
        if table.caching is Caching.ALL or (table.caching is Caching.PRESENT and record is not None):
            if len(records) >= MOST_RECORDS:
                records.clear()
            records[key] = record

    def _read_record(self, value: bytes | None) -> SpaceRecord | None:
        record = record_in(SPACES, value)
        if record is None:
            return None
        self._known.space = (sequences(value), record)
        return record


class _CommittingLog:
    """A log that commits a unit with each entry."""

    def __init__(self, unit: RedisUnit, log: RedisLog) -> None:
        self._unit = unit
        self._log = log

    async def append(self, entry: bytes) -> int:
        return await self._unit.commit(self._log, entry)
