"""Units of work in Redis: read together, written together, and what a process keeps between requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.crc import key_slot

from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain.records import (
    ACCESS_TOKENS,
    BUCKETS,
    INTEGRATIONS,
    PERMITS,
    AccessToken,
    Admit,
    IntegrationState,
    Permit,
)
from pass_harness.mock_server.store.redis import RedisStore
from pass_harness.mock_server.store.shared import ConflictError, UnitOfWork, Wanted
from pass_harness.mock_server.store.space_record import SPACES, SpaceRecord
from tests.mock_server.conftest import FULL, Mock, device_headers
from tests.mock_server.redis_server import RedisServer
from tests.mock_server.round_trips import RoundTrips

pytestmark = [pytest.mark.slow, pytest.mark.anyio]
ADMIT = Admit(1_000, Limit(rate=1, burst=0))
TOKEN = AccessToken(client_id="c", not_after=1)


@pytest.fixture(params=["redis", "valkey"])
def server(request: pytest.FixtureRequest) -> RedisServer:
    server: RedisServer = request.getfixturevalue(f"{request.param}_server")
    return server


@pytest.fixture
async def relay(server: RedisServer) -> AsyncIterator[RoundTrips]:
    async with RoundTrips(server.port) as relay:
        yield relay


@pytest.fixture
async def stores(relay: RoundTrips, server: RedisServer) -> AsyncIterator[tuple[RedisStore, RedisStore]]:
    """Yield the stores of two processes on one database, in which the space "a" has its life 1."""
    database = server.fresh().rpartition("/")[2]
    one, other = RedisStore(f"redis://127.0.0.1:{relay.port}/{database}"), RedisStore(server.url(int(database)))
    await one.root().write(SPACES, "", "a", SpaceRecord(life=1))
    yield one, other
    await one.close()
    await other.close()


async def begun(store: RedisStore, *wanted: Wanted, deferred: bool = True) -> UnitOfWork:
    """Return a unit that has read what is wanted."""
    record = await store.root().read(SPACES, "", "a")
    assert record is not None
    while True:
        unit = store.unit("a", record.life, deferred=deferred)
        read = await unit.fetch(record, wanted)
        assert read is not None
        if read is record:
            return unit
        record = read


async def test_changes_are_written_with_the_entry_of_the_log(stores: tuple[RedisStore, RedisStore]) -> None:
    one, other = stores
    unit, log = await begun(one), one.log("a", 1, "journal", 10)
    await unit.write(PERMITS, "p", "i", Permit(1, 2))
    assert await unit.change(PERMITS, "p", "j", lambda permit: (Permit(3, 4), permit)) is None
    assert await unit.change(PERMITS, "p", "j", lambda permit: (Permit(5, 6), permit)) == Permit(3, 4)
    assert await unit.read(PERMITS, "p", "i") == Permit(1, 2)
    assert await other.space("a", 1).rows(PERMITS, "p") == []
    assert await unit.committing(log).append(b"entry") == 1
    assert await other.space("a", 1).rows(PERMITS, "p") == [Permit(1, 2), Permit(5, 6)]
    assert await other.log("a", 1, "journal", 10).after(0, 10) == [(1, b"entry")]


async def test_a_conflict_writes_neither_changes_nor_the_entry(stores: tuple[RedisStore, RedisStore]) -> None:
    one, other = stores
    unit, log = await begun(one, Wanted(PERMITS, "p", "i")), one.log("a", 1, "journal", 10)
    await unit.write(PERMITS, "q", "i", Permit(1, 2))
    await unit.change(PERMITS, "p", "i", lambda _: (Permit(1, 2), None))
    await other.space("a", 1).write(PERMITS, "p", "i", Permit(7, 8))
    with pytest.raises(ConflictError):
        await unit.committing(log).append(b"entry")
    assert await other.space("a", 1).all_rows(PERMITS) == [("p", "i", Permit(7, 8))]
    assert await log.total() == await log.last() == 0


async def test_a_record_that_was_deleted_and_written_again_conflicts(stores: tuple[RedisStore, RedisStore]) -> None:
    one, other = stores
    there = other.space("a", 1)
    await there.write(PERMITS, "p", "i", Permit(1, 2))
    unit = await begun(one, Wanted(PERMITS, "p", "i"))
    await there.delete(PERMITS, "p", "i")
    await there.write(PERMITS, "p", "i", Permit(1, 2))
    await unit.change(PERMITS, "p", "i", lambda _: (Permit(3, 4), None))
    with pytest.raises(ConflictError):
        await unit.committing(one.log("a", 1, "journal", 10)).append(b"entry")


async def test_a_fetch_takes_one_round_trip_and_later_reads_none(
    stores: tuple[RedisStore, RedisStore], relay: RoundTrips
) -> None:
    one, other = stores
    await other.space("a", 1).write(PERMITS, "p", "i", Permit(1, 2))
    wanted = (
        Wanted(PERMITS, "p", None),
        Wanted(PERMITS, "q", "i"),
        Wanted(BUCKETS, "ip", "", ADMIT),
        Wanted(ACCESS_TOKENS, "t"),
    )
    record = SpaceRecord(life=1)
    unit = one.unit("a", 1, deferred=True)
    read = await unit.fetch(record, wanted)
    assert read == record
    before = relay.count
    assert await unit.fetch(read, wanted) is read
    assert await unit.rows(PERMITS, "p") == [Permit(1, 2)]
    assert await unit.read(PERMITS, "p", "i") == Permit(1, 2)
    assert await unit.read(PERMITS, "p", "j") is None
    assert await unit.read(PERMITS, "q", "i") is None
    assert await unit.change(BUCKETS, "ip", "", ADMIT)
    assert relay.count == before + 1
    assert not await unit.change(BUCKETS, "ip", "", ADMIT), "a step that was fetched once counts once"


async def test_nothing_is_done_for_an_outdated_record_of_the_space(stores: tuple[RedisStore, RedisStore]) -> None:
    one, other = stores
    unit = one.unit("a", 1, deferred=True)
    read = await unit.fetch(SpaceRecord(life=1), [Wanted(BUCKETS, "ip", "", ADMIT)])
    assert read == SpaceRecord(life=1)
    await other.root().write(SPACES, "", "a", SpaceRecord(life=2))
    assert await unit.fetch(read, [Wanted(BUCKETS, "ip", "", ADMIT)]) == SpaceRecord(life=2)
    await other.root().delete(SPACES, "", "a")
    assert await unit.fetch(read, [Wanted(BUCKETS, "ip", "", ADMIT)]) is None
    assert await other.space("a", 1).read(BUCKETS, "ip") is None


async def test_a_kept_record_is_read_again_after_another_process_changed_it(
    stores: tuple[RedisStore, RedisStore], relay: RoundTrips
) -> None:
    one, other = stores
    there = other.space("a", 1)
    await there.write(ACCESS_TOKENS, "t", "", TOKEN)
    assert await (await begun(one)).read(ACCESS_TOKENS, "t") == TOKEN
    await there.write(ACCESS_TOKENS, "u", "", TOKEN)
    unit = await begun(one)
    before = relay.count
    assert await unit.read(ACCESS_TOKENS, "t") == TOKEN
    assert relay.count == before, "a new record of the table left the old ones in memory"
    revoked = AccessToken(client_id="c", not_after=1, revoked=True)
    await there.write(ACCESS_TOKENS, "t", "", revoked)
    assert await (await begun(one)).read(ACCESS_TOKENS, "t") == revoked
    await there.delete(ACCESS_TOKENS, "t")
    assert await (await begun(one)).read(ACCESS_TOKENS, "t") is None


@pytest.mark.parametrize("way", ["write", "change"])
async def test_an_absent_record_is_kept_until_it_is_written(way: str, stores: tuple[RedisStore, RedisStore]) -> None:
    one, other = stores
    assert await (await begun(one)).read(INTEGRATIONS, "sp", "mvpd") is None
    there, state = other.space("a", 1), IntegrationState(enabled=False)
    if way == "write":
        await there.write(INTEGRATIONS, "sp", "mvpd", state)
    else:
        await there.change(INTEGRATIONS, "sp", "mvpd", lambda _: (state, None))
    assert await (await begun(one)).read(INTEGRATIONS, "sp", "mvpd") == state
    await there.delete_partition(INTEGRATIONS, "sp")
    assert await (await begun(one)).read(INTEGRATIONS, "sp", "mvpd") is None


async def test_a_request_in_progress_keeps_nothing_for_a_later_epoch(stores: tuple[RedisStore, RedisStore]) -> None:
    one, other = stores
    there = other.space("a", 1)
    await there.write(ACCESS_TOKENS, "t", "", TOKEN)
    slow = await begun(one)
    await slow.change(ACCESS_TOKENS, "t", "", lambda token: (token, None))
    revoked = AccessToken(client_id="c", not_after=1, revoked=True)
    await there.write(ACCESS_TOKENS, "t", "", revoked)
    await begun(one)
    assert await slow.read(ACCESS_TOKENS, "t") == TOKEN, "as it was first read by this request"
    assert await (await begun(one)).read(ACCESS_TOKENS, "t") == revoked


async def test_a_unit_that_is_not_deferred_writes_at_once_and_reads_what_it_wrote(
    stores: tuple[RedisStore, RedisStore],
) -> None:
    one, other = stores
    unit = await begun(one, Wanted(PERMITS, "p", "i"), Wanted(PERMITS, "q", None), deferred=False)
    await unit.write(PERMITS, "p", "i", Permit(1, 2))
    assert await unit.change(PERMITS, "q", "i", lambda permit: (Permit(3, 4), permit)) is None
    assert await other.space("a", 1).all_rows(PERMITS) == [("p", "i", Permit(1, 2)), ("q", "i", Permit(3, 4))]
    assert await unit.read(PERMITS, "p", "i") == Permit(1, 2)
    assert await unit.rows(PERMITS, "q") == [Permit(3, 4)]


async def test_a_unit_reads_again_after_a_wait(stores: tuple[RedisStore, RedisStore]) -> None:
    one, other = stores
    unit = await begun(one, Wanted(PERMITS, "p", "i"))
    await other.space("a", 1).write(PERMITS, "p", "i", Permit(1, 2))
    assert await unit.read(PERMITS, "p", "i") is None
    unit.forget()
    assert await unit.read(PERMITS, "p", "i") == Permit(1, 2)


async def test_operations_on_whole_partitions_include_deferred_changes(stores: tuple[RedisStore, RedisStore]) -> None:
    unit = await begun(stores[0], Wanted(PERMITS, "p", None))
    await unit.write(PERMITS, "p", "i", Permit(1, 2))
    assert await unit.rows(PERMITS, "p") == [Permit(1, 2)]
    await unit.write(PERMITS, "p", "j", Permit(1, 2))
    assert await unit.all_rows(PERMITS) == [("p", "i", Permit(1, 2)), ("p", "j", Permit(1, 2))]
    assert await unit.delete(PERMITS, "p", "j")
    assert not await unit.delete(PERMITS, "p", "j")
    await unit.delete_partition(PERMITS, "p")
    assert await unit.rows(PERMITS, "p") == []


async def test_requests_that_change_the_same_records_act_one_after_the_other(
    redis_server: RedisServer,
) -> None:
    store = RedisStore(redis_server.fresh())
    mock = Mock(Settings(), store=store)
    headers = {**await mock.signed_on(), **device_headers("one"), "X-Forwarded-For": "192.0.2.7"}

    async def create() -> tuple[int, str]:
        answer = await mock.http.post("/api/v2/REF30/sessions", headers=headers, data=FULL)
        return answer.status_code, answer.json()["code"] if answer.is_success else ""

    answers = await asyncio.gather(*(create() for _ in range(20)))
    codes = [code for status, code in answers if status == 200]
    assert len(codes) == 11, "each request counts once for the rate limit, even if it is executed twice"
    states = {one["code"]: one["state"] for one in (await mock.http.get("/_mock/sessions")).json()["sessions"]}
    assert sorted(states) == sorted(codes)
    assert sorted(states.values()) == ["pending", *["replaced"] * 10]
    assert len(await mock.exchanges()) == 22
    await mock.http.aclose()
    await store.close()


async def test_all_keys_of_a_space_have_one_hash_slot(redis_server: RedisServer) -> None:
    url = redis_server.fresh()
    store = RedisStore(url)
    mock = Mock(Settings(throttle=None), prefix="/~one-slot", store=store)
    headers = await mock.logged_in()
    await mock.decide(headers, "authorize", "a")
    with redis_server.client(url) as client:
        keys = [key for key in client.keys("*") if b"one-slot" in key]
        assert len(keys) > 10
        assert {key_slot(key) for key in keys} == {key_slot(b"one-slot")}
    await mock.http.aclose()
    await store.close()
