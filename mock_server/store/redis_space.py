"""The tables and logs of one life of a space in Redis.

Keys of a space begin with ``pass-harness:{NAME}:LIFE``; the braces are the hash tag that keeps a space on one node of
a cluster. A partition is a hash of its items; redis_scripts.py describes and writes its values. The life itself is a
hash: its sequence number, the epoch of the records that processes keep (`Caching`), its tables, and the totals of its
logs. `change` is optimistic: its script compares the value with the one read before, and a conflicting write repeats
the step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from pass_harness.mock_server.store import R, T, Table
from pass_harness.mock_server.store.packing import pack
from pass_harness.mock_server.store.redis_connection import Route
from pass_harness.mock_server.store.redis_scripts import (
    ANY,
    COMMIT,
    STEP,
    WRITE,
    in_order,
    pairs,
    record_in,
    sequences,
)
from pass_harness.mock_server.store.steps import NamedStep

PREFIX = "pass-harness"
KEPT_SECONDS = 35 * 86_400
"""Expiry of a key after its last write; longer than any default lifetime. It removes abandoned spaces."""
BATCH = 500


class RedisSpace:
    """The tables of one life of a space, or of one partition of the root."""

    def __init__(self, route: Route, base: str, kept_seconds: int, max_partitions: int) -> None:
        self.route = route
        self.base = base
        self.bounds = (kept_seconds, max_partitions)

    def keys(self, table: Table[Any], partition: str) -> tuple[str, str]:
        """Return the keys of a partition and of the index of its table."""
        return f"{self.base}:table:{table.name}:{partition}", self._index(table)

    async def read(self, table: Table[T], partition: str, item: str = "") -> T | None:
        return record_in(table, await self.read_value(table, partition, item))

    async def write(self, table: Table[T], partition: str, item: str, record: T) -> None:
        await self.write_packed(table, partition, item, pack(record))

    async def delete(self, table: Table[T], partition: str, item: str = "") -> bool:
        return bool(await self.write_packed(table, partition, item, b""))

    async def delete_partition(self, table: Table[T], partition: str) -> None:
        key, index = self.keys(table, partition)
        await self.route.run("UNLINK", key)
        await self.route.run("ZREM", index, partition)
        if table.caching:
            await self.route.run("HINCRBY", self.base, "epoch", 1)

    async def rows(self, table: Table[T], partition: str) -> list[T]:
        return [record for _, record in in_order(table, await self.values(table, partition))]

    async def all_rows(self, table: Table[T]) -> list[tuple[str, str, T]]:
        names = await self.route.run("ZRANGE", self._index(table), 0, -1)
        return [(name, item, record) for name, found in await self._named(table, names) for item, record in found]

    async def latest(self, table: Table[T], skip: int, limit: int) -> list[tuple[str, dict[str, T]]]:
        if not limit:
            return []
        names = await self.route.run("ZREVRANGE", self._index(table), skip, skip + limit - 1)
        return [(name, dict(found)) for name, found in await self._named(table, names) if found]  # some have expired

    async def partitions(self, table: Table[Any]) -> int:
        return int(await self.route.run("ZCARD", self._index(table)))

    async def change(
        self, table: Table[T], partition: str, item: str, step: Callable[[T | None], tuple[T | None, R]]
    ) -> R:
        if isinstance(step, NamedStep):
            key, index = self.keys(table, partition)
            named = (table.name, partition, int(table.caching), item, step.name)
            number = await self.route.script(STEP, (self.base, key, index), [*self.bounds, *named, *step.arguments])
            result: R = step.result(number)
            return result
        found = await self.read_value(table, partition, item)
        while True:
            before = record_in(table, found)
            record, result = step(before)
            if record is before:
                return result
            packed = pack(record) if record is not None else b""
            answer = await self.write_packed(table, partition, item, packed, sequences(found))
            if isinstance(answer, int):
                return result
            found = answer or None

    async def _named(self, table: Table[T], names: Sequence[bytes]) -> list[tuple[str, list[tuple[str, T]]]]:
        """Return partitions with their items, oldest item first."""
        named: list[tuple[str, list[tuple[str, T]]]] = []
        for start in range(0, len(names), BATCH):
            some = [name.decode() for name in names[start : start + BATCH]]
            partitions = await asyncio.gather(*(self.values(table, name) for name in some))
            named += [(name, in_order(table, items)) for name, items in zip(some, partitions, strict=True)]
        return named

    def _index(self, table: Table[Any]) -> str:
        return f"{self.base}:index:{table.name}"

    async def read_value(self, table: Table[Any], partition: str, item: str) -> bytes | None:
        """Return a value as it is in Redis."""
        value: bytes | None = await self.route.run("HGET", self.keys(table, partition)[0], item)
        return value

    async def values(self, table: Table[Any], partition: str) -> dict[bytes, bytes]:
        """Return the values of a partition as they are in Redis, by item."""
        return pairs(await self.route.run("HGETALL", self.keys(table, partition)[0]))

    async def write_packed(
        self, table: Table[Any], partition: str, item: str, packed: bytes, value: bytes | str = ANY
    ) -> int | bytes:
        """Write or delete (``packed`` empty) an item, if its sequence numbers are those of ``value``.

        Return 1, 0 if there was nothing to delete, or the current value if it is not the expected one.
        """
        key, index = self.keys(table, partition)
        arguments = (table.name, partition, int(table.caching), item, packed, value)
        answer: int | bytes = await self.route.script(WRITE, (self.base, key, index), (*self.bounds, *arguments))
        return answer


class RedisLog:
    """A log in a Redis stream; the ids of the stream are the numbers of the entries."""

    def __init__(self, route: Route, space: str, life: int, name: str, limit: int) -> None:
        self.base = base_of(space, life)
        self.route = route
        self.name = name
        self.limit = limit
        self.entries = f"{self.base}:log:{name}"
        # Shared by all lives of the space, so that numbers are unique.
        self.numbers = f"{PREFIX}:{{{space}}}:numbers"

    async def append(self, entry: bytes, total: int | None = None) -> int:
        arguments = (KEPT_SECONDS, 0, self.name, self.limit, entry, "" if total is None else total)
        number: int = await self.route.script(COMMIT, (self.base, self.numbers, self.entries), arguments)
        return number

    async def after(self, number: int, limit: int) -> list[tuple[int, bytes]]:
        found = await self.route.run("XRANGE", self.entries, f"{number + 1}-0", "+", "COUNT", limit)
        return [(_number(entry), fields[1]) for entry, fields in found]

    async def last(self) -> int:
        return int(await self.route.run("HGET", self.numbers, self.name) or 0)

    async def total(self) -> int:
        return int(await self.route.run("HGET", self.base, f"total:{self.name}") or 0)

    async def dropped(self) -> int:
        # In this order, so that a concurrent append does not count as dropped.
        total = await self.total()
        return max(total - int(await self.route.run("XLEN", self.entries)), 0)


def base_of(space: str, life: int) -> str:
    """Return the key of a life, with which all of its keys begin."""
    return f"{PREFIX}:{{{space}}}:{life}"


def _number(entry: bytes) -> int:
    return int(entry.partition(b"-")[0])
