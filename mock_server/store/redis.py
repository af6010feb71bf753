"""A store in Redis, for one mock in several processes or on several machines.

Keys of a space begin with ``pass-harness:NAME:LIFE:``. A partition is a hash of its items; each value begins with the
sequence number of its item's creation. A sorted set for each table has its partitions by their latest write. Atomic
operations are scripts. `change` is optimistic: its script compares the value with the one read before, and a
conflicting write repeats the step.
"""

from __future__ import annotations

import asyncio
import hashlib
import platform
from collections.abc import Callable, Sequence
from typing import Any, cast

from redis import Redis
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.store import Log, R, SpaceStore, StoreUnavailable, T, Table
from pass_harness.mock_server.store.memory import MAX_PARTITIONS
from pass_harness.mock_server.store.packing import pack, unpack

PREFIX = "pass-harness"
KEPT_SECONDS = 35 * 86_400
"""Expiry of a key after its last write; longer than any default lifetime. It removes abandoned spaces."""
CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 2.0
_CONNECTIONS = 16
_SEQUENCE_DIGITS = 16
"""Digits of the sequence number in front of a value."""
_BATCH = 500
_MEASUREMENTS = 5
_MAX_CLOCK_DIFFERENCE_S = 1.0

_WRITE = """
-- KEYS: partition, index, sequence, tables; ARGV: item, packed record (empty: delete), name of the partition, table,
-- maximum partitions, expiry in seconds, prefix of partitions, whether to compare, expected value
local old = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[8] == '1' and (old or '') ~= ARGV[9] then return old or '' end
if ARGV[2] == '' then
  if not old then return 0 end
  redis.call('HDEL', KEYS[1], ARGV[1])
  if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[2], ARGV[3]) end
  return 1
end
local latest = redis.call('INCR', KEYS[3])
local sequence = old and string.sub(old, 1, 16) or string.format('%016d', latest)
redis.call('HSET', KEYS[1], ARGV[1], sequence .. ARGV[2])
redis.call('ZADD', KEYS[2], latest, ARGV[3])
redis.call('SADD', KEYS[4], ARGV[4])
if ARGV[6] ~= '0' then
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[6]) end
end
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[5])
if over > 0 then
  local gone = redis.call('ZPOPMIN', KEYS[2], over)
  for i = 1, #gone, 2 do redis.call('UNLINK', ARGV[7] .. gone[i]) end
end
return 1
"""
_APPEND = """
-- KEYS: entries, numbers, total, logs; ARGV: entry, limit, expiry in seconds, name, expected total or ''
if ARGV[5] ~= '' and (redis.call('GET', KEYS[3]) or '0') ~= ARGV[5] then return 0 end
local number = redis.call('INCR', KEYS[2])
redis.call('INCR', KEYS[3])
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], number .. '-0', 'e', ARGV[1])
redis.call('SADD', KEYS[4], ARGV[4])
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[3]) end
return number
"""


def server_offset_s(url: str, clock: Clock) -> float:
    """Return the offset from this machine's monotonic clock to the server's clock, which all processes share.

    Processes of one machine get exactly the same offset. StoreUnavailable if the server does not respond, ValueError
    for an invalid URL.
    """
    client = Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ANSWER_SECONDS)
    machine = platform.node()
    try:
        with client:
            measured = _measured(client, clock)
            kept = client.hget(f"{PREFIX}:/:clocks", machine)
            # A large difference means that the machine was restarted, or the server's clock set, since.
            if kept is not None and abs(float(cast("bytes", kept)) - measured) < _MAX_CLOCK_DIFFERENCE_S:
                return float(cast("bytes", kept))
            client.hset(f"{PREFIX}:/:clocks", machine, repr(measured))
            return measured
    except (RedisError, OSError) as error:
        raise _unavailable(error) from error


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
        self._wire = _Wire(url)
        self._max_partitions = max_partitions
        self._root = _RedisSpace(self._wire, f"{PREFIX}:/", 0, max_partitions)

    def root(self) -> SpaceStore:
        return self._root

    def space(self, name: str, life: int) -> SpaceStore:
        return _RedisSpace(self._wire, _base(name, life), KEPT_SECONDS, self._max_partitions)

    def log(self, space: str, life: int, name: str, limit: int) -> Log:
        return _RedisLog(self._wire, space, life, name, limit)

    async def drop(self, name: str, life: int) -> None:
        base = _base(name, life)
        for table in await self._wire.run("SMEMBERS", f"{base}:tables"):
            index = f"{base}:index:{table.decode()}"
            while gone := await self._wire.run("ZPOPMIN", index, _BATCH):
                parts = (f"{base}:table:{table.decode()}:".encode() + cast("bytes", part) for part, _ in gone)
                await self._wire.run("UNLINK", *parts)
        logs = [name.decode() for name in await self._wire.run("SMEMBERS", f"{base}:logs")]
        own = [f"{base}:{kind}:{log}" for log in logs for kind in ("log", "total")]
        await self._wire.run("UNLINK", f"{base}:tables", f"{base}:places", f"{base}:logs", *own)

    async def close(self) -> None:
        await self._wire.close()


class _RedisSpace:
    """The tables of one space."""

    def __init__(self, wire: _Wire, base: str, kept_seconds: int, max_partitions: int) -> None:
        self._wire = wire
        self._base = base
        self._kept_seconds = kept_seconds
        self._max_partitions = max_partitions

    async def read(self, table: Table[T], partition: str, item: str = "") -> T | None:
        found = await self._wire.run("HGET", self._partition(table, partition), item)
        return unpack(table, found[_SEQUENCE_DIGITS:]) if found is not None else None

    async def write(self, table: Table[T], partition: str, item: str, record: T) -> None:
        await self._write(table, partition, item, pack(record))

    async def delete(self, table: Table[T], partition: str, item: str = "") -> bool:
        return bool(await self._write(table, partition, item, b""))

    async def delete_partition(self, table: Table[T], partition: str) -> None:
        await self._wire.run("UNLINK", self._partition(table, partition))
        await self._wire.run("ZREM", self._index(table), partition)

    async def rows(self, table: Table[T], partition: str) -> list[T]:
        return [record for _, record in _in_order(table, await self._items(table, partition))]

    async def all_rows(self, table: Table[T]) -> list[tuple[str, str, T]]:
        names = await self._wire.run("ZRANGE", self._index(table), 0, -1)
        return [(name, item, record) for name, found in await self._named(table, names) for item, record in found]

    async def latest(self, table: Table[T], skip: int, limit: int) -> list[tuple[str, dict[str, T]]]:
        if not limit:
            return []
        names = await self._wire.run("ZREVRANGE", self._index(table), skip, skip + limit - 1)
        return [(name, dict(found)) for name, found in await self._named(table, names) if found]  # some have expired

    async def partitions(self, table: Table[Any]) -> int:
        return int(await self._wire.run("ZCARD", self._index(table)))

    async def change(
        self, table: Table[T], partition: str, item: str, step: Callable[[T | None], tuple[T | None, R]]
    ) -> R:
        found: bytes = await self._wire.run("HGET", self._partition(table, partition), item) or b""
        while True:
            before = unpack(table, found[_SEQUENCE_DIGITS:]) if found else None
            record, result = step(before)
            if record is before:
                return result
            packed = pack(record) if record is not None else b""
            answer = await self._write(table, partition, item, packed, expected=found)
            if isinstance(answer, int):
                return result
            found = answer

    async def _named(self, table: Table[T], names: Sequence[bytes]) -> list[tuple[str, list[tuple[str, T]]]]:
        """Return partitions with their items, oldest item first."""
        named: list[tuple[str, list[tuple[str, T]]]] = []
        for start in range(0, len(names), _BATCH):
            some = [name.decode() for name in names[start : start + _BATCH]]
            partitions = await asyncio.gather(*(self._items(table, name) for name in some))
            named += [(name, _in_order(table, items)) for name, items in zip(some, partitions, strict=True)]
        return named

    async def _items(self, table: Table[Any], partition: str) -> dict[bytes, bytes]:
        items: dict[bytes, bytes] = await self._wire.run("HGETALL", self._partition(table, partition))
        return items

    async def _write(
        self, table: Table[Any], partition: str, item: str, packed: bytes, expected: bytes | None = None
    ) -> int | bytes:
        """Write or delete (``packed`` empty) an item; with ``expected``, only if its value is that.

        Return 1, 0 if there was nothing to delete, or the current value if it is not the expected one.
        """
        name = table.name
        keys = (
            self._partition(table, partition),
            self._index(table),
            f"{self._base}:places",
            f"{self._base}:tables",
        )
        compare = (0, b"") if expected is None else (1, expected)
        maximum, expiry_s = self._max_partitions, self._kept_seconds
        answer: int | bytes = await self._wire.script(
            _WRITE, keys, (item, packed, partition, name, maximum, expiry_s, f"{self._base}:table:{name}:", *compare)
        )
        return answer

    def _index(self, table: Table[Any]) -> str:
        return f"{self._base}:index:{table.name}"

    def _partition(self, table: Table[Any], partition: str) -> str:
        return f"{self._base}:table:{table.name}:{partition}"


class _RedisLog:
    """A log in a Redis stream; the ids of the stream are the numbers of the entries."""

    def __init__(self, wire: _Wire, space: str, life: int, name: str, limit: int) -> None:
        base = _base(space, life)
        self._wire = wire
        self._name = name
        self._limit = limit
        self._entries = f"{base}:log:{name}"
        self._total = f"{base}:total:{name}"
        self._logs = f"{base}:logs"
        # Shared by all lives of the space, so that numbers are unique.
        self._numbers = f"{PREFIX}:{space}:numbers:{name}"

    async def append(self, entry: bytes, total: int | None = None) -> int:
        keys = (self._entries, self._numbers, self._total, self._logs)
        values = (entry, self._limit, KEPT_SECONDS, self._name, "" if total is None else total)
        number: int = await self._wire.script(_APPEND, keys, values)
        return number

    async def after(self, number: int, limit: int) -> list[tuple[int, bytes]]:
        found = await self._wire.run("XRANGE", self._entries, f"{number + 1}-0", "+", "COUNT", limit)
        return [(_number(entry), fields[b"e"]) for entry, fields in found]

    async def last(self) -> int:
        return int(await self._wire.run("GET", self._numbers) or 0)

    async def total(self) -> int:
        return int(await self._wire.run("GET", self._total) or 0)

    async def dropped(self) -> int:
        # In this order, so that a concurrent append does not count as dropped.
        total = await self.total()
        return max(total - int(await self._wire.run("XLEN", self._entries)), 0)


class _Wire:
    """Connection to the server; pipelines the commands of one turn of the event loop."""

    def __init__(self, url: str) -> None:
        pool = aioredis.BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=ANSWER_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            # With RESP3, redis-py does not detect that the server closed an idle connection, because pending data may
            # be a maintenance notification; each such connection would fail one request after a restart of Redis.
            protocol=2,
            # The server may have executed a command whose response is missing, so this layer does not retry.
            retry=Retry(NoBackoff(), 0),
        )
        self._redis = aioredis.Redis(connection_pool=pool)
        self._pending: list[tuple[Sequence[Any], asyncio.Future[Any]]] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self, *command: object) -> Any:  # noqa: ANN401 (as the server answers)
        """Execute a command and return its response; raise StoreUnavailable if it fails."""
        answer = await self._answer(command)
        if isinstance(answer, Exception):
            raise _unavailable(answer) from answer
        return answer

    async def script(self, script: str, keys: Sequence[str], arguments: Sequence[object]) -> Any:  # noqa: ANN401 (as the server answers)
        """Execute a Lua script, by its digest if the server has it cached; otherwise as `run`."""
        rest = (len(keys), *keys, *arguments)
        answer = await self._answer(
            ("EVALSHA", hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest(), *rest)
        )
        if isinstance(answer, NoScriptError):
            return await self.run("EVAL", script, *rest)
        if isinstance(answer, Exception):
            raise _unavailable(answer) from answer
        return answer

    async def close(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    async def _answer(self, command: Sequence[object]) -> Any:  # noqa: ANN401 (as the server answers)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending.append((command, future))
        if len(self._pending) == 1:
            # The task runs after all other ready tasks, so the batch includes their commands.
            task = asyncio.create_task(self._send())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return await future

    async def _send(self) -> None:
        batch, self._pending = self._pending, []
        answers: Sequence[Any]
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for command, _ in batch:
                pipeline.execute_command(*command)
            answers = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(
        f"the store in Redis is unavailable: {error}; check that the server runs, has memory left and accepts writes"
    )


def _base(space: str, life: int) -> str:
    return f"{PREFIX}:{space}:{life}"


def _number(entry: bytes) -> int:
    return int(entry.partition(b"-")[0])


def _in_order(table: Table[T], items: dict[bytes, bytes]) -> list[tuple[str, T]]:
    """Return items with their records, oldest first."""
    ordered = sorted(items.items(), key=lambda item: item[1][:_SEQUENCE_DIGITS])
    return [(item.decode(), unpack(table, value[_SEQUENCE_DIGITS:])) for item, value in ordered]
