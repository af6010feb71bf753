"""The contract of every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import msgspec
import pytest

from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.clock import SystemClock
from pass_harness.mock_server.domain.records import (
    BUCKETS,
    ISSUED,
    PERMITS,
    Admit,
    Bucket,
    CountToken,
    Issued,
    Permit,
)
from pass_harness.mock_server.store import SpaceStore, Store, StoreUnavailable
from pass_harness.mock_server.store.memory import MemoryStore
from pass_harness.mock_server.store.opening import FORMS, open_store
from pass_harness.mock_server.store.packing import unpack
from pass_harness.mock_server.store.redis import RedisStore
from pass_harness.mock_server.store.space_record import SPACES, SpaceRecord, SpaceRecordHandle
from pass_harness.mock_server.store.sqlite import SqliteStore
from pass_harness.mock_server.store.steps import Insert
from tests.mock_server.redis_server import RedisCluster, RedisServer

pytestmark = pytest.mark.anyio
Opener = Callable[[int], Store]


SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("redis", "redis-cluster", "valkey")]


@pytest.fixture(params=["memory", "sqlite", *SLOW])
def open_(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Open a store of each kind; a table holds at most ``partitions`` partitions."""
    if request.param == "memory":
        return MemoryStore
    if request.param == "sqlite":
        return lambda most: SqliteStore(tmp_path / "state", most)
    if request.param == "redis-cluster":
        cluster: RedisCluster = request.getfixturevalue("redis_cluster")
        return lambda most: RedisStore(cluster.empty(), most)
    server: RedisServer = request.getfixturevalue(f"{request.param}_server")
    return lambda most: RedisStore(server.fresh(), most)


@pytest.fixture
async def store(open_: Opener) -> AsyncIterator[Store]:
    store = open_(1_000)
    yield store
    await store.close()


async def test_records_are_read_as_written_and_deleted_once(store: Store) -> None:
    space = store.space("a", 1)
    assert await space.read(PERMITS, "p", "i") is None
    await space.write(PERMITS, "p", "i", Permit(1, 2))
    assert await space.read(PERMITS, "p", "i") == Permit(1, 2)
    assert await space.delete(PERMITS, "p", "i")
    assert not await space.delete(PERMITS, "p", "i")


async def test_a_partition_lists_its_records_oldest_first(store: Store) -> None:
    space = store.space("a", 1)
    for n in range(12):
        await space.write(PERMITS, "p", str(n), Permit(n, n))
    await space.write(PERMITS, "p", "3", Permit(33, 33))
    await space.write(PERMITS, "q", "x", Permit(9, 9))
    expected = [0, 1, 2, 33, *range(4, 12)]
    assert [permit.not_before for permit in await space.rows(PERMITS, "p")] == expected
    assert len(await space.all_rows(PERMITS)) == 13
    assert ("q", "x", Permit(9, 9)) in await space.all_rows(PERMITS)
    await space.delete_partition(PERMITS, "p")
    assert await space.rows(PERMITS, "p") == []
    assert await space.all_rows(PERMITS) == [("q", "x", Permit(9, 9))]


async def test_partitions_are_read_by_pages_the_latest_written_first(store: Store) -> None:
    space = store.space("a", 1)
    for n in range(700):
        await space.write(PERMITS, str(n), "x", Permit(n, n))
    await space.write(PERMITS, "3", "y", Permit(33, 33))
    await space.delete(PERMITS, "5", "x")

    assert await space.partitions(PERMITS) == 699
    assert await space.latest(PERMITS, 0, 2) == [
        ("3", {"x": Permit(3, 3), "y": Permit(33, 33)}),
        ("699", {"x": Permit(699, 699)}),
    ]
    whole = [name for name, _ in await space.latest(PERMITS, 0, 1_000)]
    assert whole == ["3", *(str(n) for n in reversed(range(700)) if n not in {3, 5})]
    assert [name for name, _ in await space.latest(PERMITS, 690, 600)] == whole[690:]
    assert await space.latest(PERMITS, 0, 0) == await space.latest(PERMITS, 699, 5) == []


async def test_change_reads_and_writes_in_one_step(store: Store) -> None:
    space = store.space("a", 1)
    assert [await count(space) for _ in range(3)] == [1, 2, 3]
    await space.change(BUCKETS, "ip", "", lambda _: (None, None))
    assert await space.read(BUCKETS, "ip") is None
    assert await space.all_rows(BUCKETS) == []


async def count(space: SpaceStore) -> float:
    def step(bucket: Bucket | None) -> tuple[Bucket | None, float]:
        tat = (bucket.tat if bucket else 0.0) + 1
        return Bucket(tat), tat

    return await space.change(BUCKETS, "ip", "", step)


async def test_a_change_that_changes_nothing_leaves_the_record(store: Store) -> None:
    space = store.space("a", 1)
    await space.write(BUCKETS, "ip", "", Bucket(5))
    assert await space.change(BUCKETS, "ip", "", lambda bucket: (bucket, "told")) == "told"
    assert await space.read(BUCKETS, "ip") == Bucket(5)


async def test_spaces_lives_and_tables_are_isolated(store: Store) -> None:
    await store.space("a", 1).write(PERMITS, "p", "", Permit(1, 2))
    await store.root().write(PERMITS, "p", "", Permit(3, 4))
    assert await store.space("b", 1).read(PERMITS, "p") is None
    assert await store.space("a", 2).read(PERMITS, "p") is None
    assert await store.space("a", 1).read(BUCKETS, "p") is None
    await store.drop("a", 1)
    assert await store.space("a", 1).read(PERMITS, "p") is None
    assert await store.root().read(PERMITS, "p") == Permit(3, 4)


async def test_writes_to_a_dropped_life_are_invisible_to_the_next(store: Store) -> None:
    under_way = store.space("a", 1)
    await under_way.write(PERMITS, "p", "", Permit(1, 2))
    await store.drop("a", 1)
    await under_way.write(PERMITS, "q", "", Permit(1, 2))
    assert await store.space("a", 2).all_rows(PERMITS) == []


async def test_sqlite_deletes_a_dropped_life(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state")
    under_way = store.space("a", 1)
    await store.drop("a", 1)
    await under_way.write(PERMITS, "p", "", Permit(1, 2))
    assert store._file.run("SELECT count(*) FROM record") == [(0,)]
    await store.close()


async def test_any_text_is_valid_as_partition_and_item(store: Store) -> None:
    space = store.space("a", 1)
    names = ("", ":", "p:i", "\x00", "p\ni", "ü 𝄞", "*", "'; --", "[a-z]")
    for n, name in enumerate(names):
        await space.write(PERMITS, name, name, Permit(n, n))
    assert [await space.read(PERMITS, name, name) for name in names] == [Permit(n, n) for n in range(len(names))]
    assert {row[:2] for row in await space.all_rows(PERMITS)} == {(name, name) for name in names}


async def test_a_full_table_evicts_the_least_recently_written_partition(open_: Opener) -> None:
    store = open_(2)
    space = store.space("a", 1)
    for name in ("p", "q", "p", "r"):
        await space.write(PERMITS, name, "", Permit(0, 0))
    assert await space.read(PERMITS, "q") is None
    assert await space.read(PERMITS, "p") is not None
    assert len(await space.all_rows(PERMITS)) == 2
    await store.close()


@pytest.mark.parametrize("first", ["read", "rows", "all_rows", "change", "delete"])
async def test_records_persist_when_the_store_is_reopened(first: str, tmp_path: Path) -> None:
    """The store in memory keeps nothing, and Redis is a process of its own."""
    store = SqliteStore(tmp_path / "state")
    await store.space("a", 1).write(PERMITS, "p", "i", Permit(1, 2))
    await store.close()
    again = SqliteStore(tmp_path / "state")
    space = again.space("a", 1)
    if first == "read":
        assert await space.read(PERMITS, "p", "i") == Permit(1, 2)
    elif first == "rows":
        assert await space.rows(PERMITS, "p") == [Permit(1, 2)]
    elif first == "all_rows":
        assert await space.all_rows(PERMITS) == [("p", "i", Permit(1, 2))]
    elif first == "change":
        assert await space.change(PERMITS, "p", "i", lambda permit: (permit, permit)) == Permit(1, 2)
    else:
        assert await space.delete(PERMITS, "p", "i")
    await again.close()


async def test_the_name_of_a_store_selects_its_kind_and_its_maximum(tmp_path: Path) -> None:
    for name, kind in (("memory", MemoryStore), (f"sqlite:{tmp_path / 'state'}", SqliteStore)):
        store, clock = open_store(name, max_bytes=4_711)
        assert isinstance(store, kind)
        assert isinstance(clock, SystemClock)
        assert store.budget.limit == 4_711
        await store.close()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", ""),
        ("memory:", "memory:"),
        ("memo", "memo"),
        ("sqlite", "sqlite"),
        ("sqlite:", "sqlite:"),
        ("sqlitf:state", "sqlitf:state"),
        ("redis:host", "redis:host"),
        ("postgres://:s3cret@host", "postgres://:…@host"),
        ("postgres://:s3cret@[host", "[host"),
        ("postgres://[host", "postgres://[host"),
    ],
)
async def test_another_name_of_a_store_is_refused_without_its_password(name: str, shown: str) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        open_store(name)
    assert str(refused.value) == (f"{shown!r} is not a store: write {FORMS}")


def test_members_that_an_earlier_release_did_not_write_are_zero() -> None:
    record = unpack(SPACES, msgspec.msgpack.encode({"life": 1}))
    assert record == SpaceRecord(life=1, offset=0, added=0, changed=0, cleared=0, exchanges=0, used=0)


async def test_a_deleted_space_stays_deleted(store: Store) -> None:
    handle = SpaceRecordHandle(store.root(), "a", SpaceRecord(life=1, offset=5))
    changed = await handle.change(lambda record: msgspec.structs.replace(record, offset=record.offset + 1))
    assert (changed.offset, handle.record.offset) == (6, 6)
    assert await handle.read() is None


@pytest.mark.slow
async def test_a_connection_that_redis_has_closed_is_not_used_again(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        store = RedisStore(server.url())
        space = store.space("a", 1)
        await space.write(PERMITS, "p", "i", Permit(1, 2))
        server.stop()
        server.start()
        await asyncio.sleep(0.1)  # by now the client knows that it is closed
        assert await space.read(PERMITS, "p", "i") is None
        await store.close()


@pytest.mark.parametrize("limit", [Limit(), Limit(rate=6), Limit(rate=0.3, burst=3)], ids=str)
async def test_a_rate_limit_admits_the_same_requests_in_every_store(limit: Limit, store: Store) -> None:
    space, bucket, now_ms = store.space("a", 1), None, 1_752_149_281_000
    random = Random(7)
    for _ in range(200):
        now_ms += random.choice([*[0] * 12, 1, 166, 167, round(1000 / limit.rate), 20_000])
        admit = Admit(now_ms, limit)
        bucket, admitted = admit(bucket)
        assert await space.change(BUCKETS, "ip", "", admit) == admitted
        assert await space.read(BUCKETS, "ip") == bucket


async def test_tokens_of_one_second_are_counted_in_every_store(store: Store) -> None:
    space = store.space("a", 1)
    counted = [
        await space.change(ISSUED, "client", "", CountToken(second)) for second in (5, 5, 5, 6, 6, 1_752_149_281)
    ]
    assert counted == [0, 1, 2, 0, 1, 0]
    assert await space.all_rows(ISSUED) == [("client", "", Issued(1_752_149_281, 1))]


async def test_a_record_is_inserted_only_where_there_is_none(store: Store) -> None:
    space = store.space("a", 1)
    assert await space.change(PERMITS, "p", "i", Insert(Permit(1, 2)))
    assert not await space.change(PERMITS, "p", "i", Insert(Permit(3, 4)))
    assert await space.read(PERMITS, "p", "i") == Permit(1, 2)


async def test_the_root_lists_its_records_in_the_order_of_their_creation(store: Store) -> None:
    root = store.root()
    for name in ("b", "a", "c", "b"):
        await root.write(SPACES, "", name, SpaceRecord(life=len(name)))
        await root.write(PERMITS, "", name, Permit(1, 2))
    await root.write(PERMITS, "q", "", Permit(9, 9))
    assert [item for _, item, _ in await root.all_rows(SPACES)] == ["b", "a", "c"]
    assert [item for partition, item, _ in await root.all_rows(PERMITS) if not partition] == ["b", "a", "c"]
    assert (len(await root.rows(SPACES, "")), len(await root.rows(PERMITS, ""))) == (3, 3)
    assert await root.delete(SPACES, "", "a")
    assert not await root.delete(SPACES, "", "a")
    assert await root.read(SPACES, "", "a") is None
    assert await root.change(SPACES, "", "d", lambda record: (SpaceRecord(life=4), record)) is None
    assert [item for _, item, _ in await root.all_rows(SPACES)] == ["b", "c", "d"]
    await root.delete_partition(PERMITS, "q")
    await root.delete_partition(SPACES, "")
    assert (len(await root.all_rows(SPACES)), len(await root.all_rows(PERMITS))) == (0, 3)
