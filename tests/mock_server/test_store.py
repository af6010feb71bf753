"""What every store does."""

from __future__ import annotations

import pytest

from mock_server.domain.records import BUCKETS, PERMITS, Bucket, Permit
from mock_server.store.memory import MemoryStore

pytestmark = pytest.mark.anyio


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


async def test_records_are_read_as_written_and_deleted_once(store: MemoryStore) -> None:
    space = store.space("a", 1)
    assert await space.read(PERMITS, "p", "i") is None
    await space.write(PERMITS, "p", "i", Permit(1, 2))
    assert await space.read(PERMITS, "p", "i") == Permit(1, 2)
    assert await space.delete(PERMITS, "p", "i")
    assert not await space.delete(PERMITS, "p", "i")


async def test_a_partition_lists_its_records_oldest_first(store: MemoryStore) -> None:
    space = store.space("a", 1)
    for n in range(3):
        await space.write(PERMITS, "p", str(n), Permit(n, n))
    await space.write(PERMITS, "q", "x", Permit(9, 9))
    assert [permit.not_before for permit in await space.rows(PERMITS, "p")] == [0, 1, 2]
    assert len(await space.all_rows(PERMITS)) == 4
    await space.delete_partition(PERMITS, "p")
    assert await space.rows(PERMITS, "p") == []


async def test_change_reads_and_writes_in_one_step(store: MemoryStore) -> None:
    space = store.space("a", 1)

    def count(bucket: Bucket | None) -> tuple[Bucket | None, float]:
        tat = (bucket.tat if bucket else 0.0) + 1
        return Bucket(tat), tat

    assert [await space.change(BUCKETS, "ip", "", count) for _ in range(3)] == [1, 2, 3]
    await space.change(BUCKETS, "ip", "", lambda _: (None, None))
    assert await space.read(BUCKETS, "ip") is None


async def test_spaces_and_tables_are_apart(store: MemoryStore) -> None:
    await store.space("a", 1).write(PERMITS, "p", "", Permit(1, 2))
    assert await store.space("b", 1).read(PERMITS, "p") is None
    assert await store.space("a", 1).read(BUCKETS, "p") is None
    await store.drop("a", 1)
    assert await store.space("a", 1).read(PERMITS, "p") is None


async def test_a_full_table_forgets_the_partition_longest_unwritten() -> None:
    space = MemoryStore(max_partitions=2).space("a", 1)
    for name in ("p", "q", "p", "r"):
        await space.write(PERMITS, name, "", Permit(0, 0))
    assert await space.read(PERMITS, "q") is None
    assert await space.read(PERMITS, "p") is not None
