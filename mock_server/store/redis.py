"""A store in Redis, for one mock in several processes or on several machines."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable
from typing import Any, cast

from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.store import R, SpaceStore, T, Table
from pass_harness.mock_server.store.memory import MAX_PARTITIONS
from pass_harness.mock_server.store.redis_cluster import Cluster, is_cluster, node_urls, with_address
from pass_harness.mock_server.store.redis_connection import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    Server,
    Servers,
    unavailable,
)
from pass_harness.mock_server.store.redis_scripts import (
    LIST,
    record_in,
)
from pass_harness.mock_server.store.redis_space import BATCH, KEPT_SECONDS, PREFIX, RedisLog, RedisSpace, base_of
from pass_harness.mock_server.store.redis_unit import Known, RedisUnit
from pass_harness.mock_server.store.shared import UnitOfWork
from pass_harness.mock_server.store.space_record import SPACES

_KEPT_SPACES = 100
"""Number of spaces of which a process keeps records between requests."""
_CLOCKS = f"{PREFIX}:{{/}}:clocks"
_MEASUREMENTS = 5
_MAX_CLOCK_DIFFERENCE_S = 1.0


def server_offset_s(url: str, clock: Clock) -> float:
    """Return the offset from this machine's monotonic clock to the server's clock, which all processes share.

    Processes of one machine get exactly the same offset. StoreUnavailable if the server does not respond, ValueError
    for an invalid URL.
    """
    machine = platform.node()
    try:
        with _client(url) as client:
            measured = _measured(client, clock)
            kept = client.hget(_CLOCKS, machine)
            # A large difference means that the machine was restarted, or the server's clock set, since.
            if kept is not None and abs(float(cast("bytes", kept)) - measured) < _MAX_CLOCK_DIFFERENCE_S:
                return float(cast("bytes", kept))
            client.hset(_CLOCKS, machine, repr(measured))
            return measured
    except (RedisError, OSError) as error:
        raise unavailable(error) from error


def _client(url: str) -> Redis:
    """Return a client of the server with the clocks of the machines."""
    if not is_cluster(url):
        return Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ANSWER_SECONDS)
    failure: Exception = ValueError("it names no node")
    for node in node_urls(url):
        client = Redis.from_url(node, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ANSWER_SECONDS)
        try:
            with client:
                ranges: list[Any] = client.execute_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            failure = error
            continue
        for first, last, (host, port, *_), *_ in ranges:
            if first <= key_slot(_CLOCKS.encode()) <= last:
                return _client(with_address(node, f"{host.decode()}:{port}") if host else node)
        failure = ConnectionError("the cluster is not complete")
    raise failure


def _measured(client: Redis, clock: Clock) -> float:
    best = (float("inf"), 0.0)
    for _ in range(_MEASUREMENTS):
        before = clock.monotonic_s()
        seconds, micros = client.time()
        after = clock.monotonic_s()
        best = min(best, (after - before, seconds + micros / 1_000_000 - (before + after) / 2))
    return best[1]


class RedisStore:
    """A store in one database of a Redis server."""

    def __init__(self, url: str, max_partitions: int = MAX_PARTITIONS) -> None:
        self._server: Servers = Cluster(url) if is_cluster(url) else Server(url)
        self._max_partitions = max_partitions
        self._root = _RedisRoot(self._server)
        self._spaces: dict[tuple[str, int], RedisSpace] = {}
        self._known: dict[str, Known] = {}

    def root(self) -> SpaceStore:
        return self._root

    def space(self, name: str, life: int) -> RedisSpace:
        space = self._spaces.get((name, life))
        if space is None:
            if len(self._spaces) >= _KEPT_SPACES:
                del self._spaces[next(iter(self._spaces))]
            route = self._server.at(name)
            space = self._spaces[name, life] = RedisSpace(
                route, base_of(name, life), KEPT_SECONDS, self._max_partitions
            )
        return space

    def log(self, space: str, life: int, name: str, limit: int) -> RedisLog:
        return RedisLog(self._server.at(space), space, life, name, limit)

    def unit(self, space: str, life: int, *, deferred: bool) -> UnitOfWork:
        known = self._known.get(space)
        if known is None:
            if len(self._known) >= _KEPT_SPACES:
                del self._known[next(iter(self._known))]
            known = self._known[space] = Known()
        return RedisUnit(self.space(space, life), space, self._root.record_key(space), known, life, deferred=deferred)

    async def drop(self, name: str, life: int) -> None:
        self._spaces.pop((name, life), None)
        base, route = base_of(name, life), self._server.at(name)
        fields = [field.decode() for field in await route.run("HKEYS", base)]
        for table in (field.removeprefix("table:") for field in fields if field.startswith("table:")):
            while gone := await route.run("ZPOPMIN", f"{base}:index:{table}", BATCH):
                await route.run("UNLINK", *(f"{base}:table:{table}:".encode() + part for part in gone[::2]))
        logs = (field.removeprefix("total:") for field in fields if field.startswith("total:"))
        await route.run("UNLINK", base, *(f"{base}:log:{log}" for log in logs))

    async def close(self) -> None:
        await self._server.close()


class _RedisRoot:
    """The tables outside any space. They are at a hash tag of their own, but the record of a space is at the space.

    A list has the spaces in the order of their creation. It is on another node of a cluster than their records, so it
    may have spaces that do not exist, but never lacks one.
    """

    def __init__(self, server: Servers) -> None:
        self._server = server
        self._tables = RedisSpace(server.at("/"), f"{PREFIX}:{{/}}", 0, MAX_PARTITIONS)
        self._list = f"{PREFIX}:{{/}}:spaces"

    def record_key(self, space: str) -> str:
        """Return the key of the record of a space."""
        return self._at(SPACES, space).keys(SPACES, "")[0]

    async def read(self, table: Table[T], partition: str, item: str = "") -> T | None:
        return await self._at(table, item).read(table, partition, item)

    async def write(self, table: Table[T], partition: str, item: str, record: T) -> None:
        await self._add(table, item)
        await self._at(table, item).write(table, partition, item, record)
        await self._settle(table, item)

    async def delete(self, table: Table[T], partition: str, item: str = "") -> bool:
        existed = await self._at(table, item).delete(table, partition, item)
        await self._settle(table, item)
        return existed

    async def delete_partition(self, table: Table[T], partition: str) -> None:
        for found, item, _ in await self.all_rows(table):
            if found == partition:
                await self.delete(table, partition, item)

    async def rows(self, table: Table[T], partition: str) -> list[T]:
        if table is SPACES:
            return [record for _, _, record in await self.all_rows(table)]
        return await self._tables.rows(table, partition)

    async def all_rows(self, table: Table[T]) -> list[tuple[str, str, T]]:
        if table is not SPACES:
            return await self._tables.all_rows(table)
        names = [name.decode() for name in await self._tables.route.run("ZRANGE", self._list, 0, -1)]
        values = await asyncio.gather(*(self._at(table, name).read_value(table, "", name) for name in names))
        found = ((name, record_in(table, value)) for name, value in zip(names, values, strict=True))
        return [("", name, record) for name, record in found if record is not None]

    async def latest(self, table: Table[T], skip: int, limit: int) -> list[tuple[str, dict[str, T]]]:
        if table is not SPACES:
            return await self._tables.latest(table, skip, limit)
        records = {name: record for _, name, record in await self.all_rows(table)}
        return [("", records)][skip : skip + limit] if records else []

    async def partitions(self, table: Table[Any]) -> int:
        return len(await self.latest(table, 0, 1)) if table is SPACES else await self._tables.partitions(table)

    async def change(
        self, table: Table[T], partition: str, item: str, step: Callable[[T | None], tuple[T | None, R]]
    ) -> R:
        await self._add(table, item)
        result = await self._at(table, item).change(table, partition, item, step)
        await self._settle(table, item)
        return result

    def _at(self, table: Table[Any], item: str) -> RedisSpace:
        if table is not SPACES:
            return self._tables
        return RedisSpace(self._server.at(item), f"{PREFIX}:/{{{item}}}", 0, MAX_PARTITIONS)

    async def _add(self, table: Table[Any], space: str) -> None:
        """Add a space to the list, before its record is written: the list must not lack it after a crash."""
        if table is SPACES:
            await self._tables.route.script(LIST, (self._list, f"{self._list}:sequence"), (space,))

    async def _settle(self, table: Table[Any], space: str) -> None:
        """Let the list have the space if its record exists, whatever another process did to both in between."""
        if table is not SPACES:
            return
        if await self._at(table, space).read_value(table, "", space) is None:
            await self._tables.route.run("ZREM", self._list, space)
            if await self._at(table, space).read_value(table, "", space) is None:
                return
        await self._add(table, space)
