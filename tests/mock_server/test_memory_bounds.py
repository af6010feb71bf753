"""Memory in bytes: journals, findings, event streams and exports stay within their bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import msgspec
import pytest
from starlette.types import Message

from pass_harness.mock_server.app import create_app
from pass_harness.mock_server.catalogue import _default_integration
from pass_harness.mock_server.clock import ManualClock, SystemClock
from pass_harness.mock_server.config.settings import Bounds, Settings
from pass_harness.mock_server.control.events import LISTENER_BYTES
from pass_harness.mock_server.domain.records import PERMITS, TRIALS, Permit, Trial
from pass_harness.mock_server.exchange import Exchange, Stall
from pass_harness.mock_server.journal.journal import PAGE_BYTES, LocalJournal
from pass_harness.mock_server.journal.masking import mask
from pass_harness.mock_server.journal.raw_exchange import RawExchange
from pass_harness.mock_server.journal.stalls import Stalls
from pass_harness.mock_server.live.local import LocalMonitor
from pass_harness.mock_server.live.observer import Finding
from pass_harness.mock_server.ring_buffer import ByteBudget, RingBuffer
from pass_harness.mock_server.spaces.spaces import Space, Spaces
from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.store.memory import MemoryStore, size_of
from pass_harness.mock_server.store.packing import pack
from pass_harness.mock_server.store.space_record import SpaceRecord, SpaceRecordHandle
from pass_harness.mock_server.store.sqlite import SqliteStore
from tests.mock_server.conftest import Mock
from tests.mock_server.raw_exchanges import raw_exchange

pytestmark = pytest.mark.anyio
SECRET = "s3cret-" * 40


def with_bodies(sent: bytes, answered: bytes = b"", *, characters: int = 100_000) -> RawExchange:
    raw = raw_exchange(0)
    return msgspec.structs.replace(
        raw,
        inbound=msgspec.structs.replace(raw.inbound, body=sent),
        response_body=answered,
        max_body_chars=characters,
    )


def journal_of(budget: ByteBudget, on_drop: Callable[[RawExchange], None] = lambda _: None) -> LocalJournal:
    record_handle = SpaceRecordHandle(MemoryStore().root(), "default", SpaceRecord(life=1))
    return LocalJournal(1_000, record_handle, None, lambda _: None, budget, on_drop)


async def fill(journal: LocalJournal, number: int, body: bytes) -> None:
    for _ in range(number):
        await journal.append(with_bodies(body))


async def served(settings: Settings) -> tuple[httpx.AsyncClient, Space]:
    """Return a client of a mock with the machine's clock, and the mock's default space."""
    app = create_app(settings, clock=SystemClock())
    spaces: Spaces = app.state.spaces
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock"), await spaces.open("default")


async def test_long_bodies_are_cut_when_they_are_stored_and_marked() -> None:
    budget = ByteBudget(1_000_000)
    journal = journal_of(budget)
    await journal.append(with_bodies(b"x" * 500_000, b"y" * 100, characters=100))
    assert budget.used < 10_000
    (exchange,) = await journal.after(0)
    assert (exchange.request_body, exchange.response_body) == ("x" * 100, "y" * 100)
    assert exchange.lacks == ("request_body",)


async def test_a_secret_is_masked_before_a_cut_divides_it() -> None:
    journal = journal_of(ByteBudget(1_000_000))
    form, document = f"client_secret={SECRET}", f'{{"access_token": "{SECRET}"}}'
    await journal.append(with_bodies(form.encode(), document.encode(), characters=100))
    (exchange,) = await journal.after(0)
    assert exchange.request_body == f"client_secret={mask(SECRET)}"
    assert exchange.response_body == f'{{"access_token": "{mask(SECRET)}"}}'
    assert exchange.lacks == ()


async def test_a_body_that_was_too_long_to_read_is_marked() -> None:
    mock = Mock(Settings(bounds=Bounds(body_bytes=10)))
    assert (await mock.http.post("/o/client/token", content=b"x" * 11)).status_code == 413
    assert [(exchange["request_body"], exchange["lacks"]) for exchange in await mock.exchanges()] == [
        ("", ["request_body"])
    ]


async def test_journals_share_their_bytes_and_the_largest_loses_its_oldest() -> None:
    budget = ByteBudget(1_000_000)
    quiet, busy = journal_of(budget), journal_of(budget)
    await fill(quiet, 10, b"q" * 10_000)
    await fill(busy, 500, b"b" * 10_000)
    assert len(await quiet.after(0, 10)) in range(5, 11)  # a page ends after PAGE_BYTES
    assert await quiet.dropped() == 0
    assert await busy.dropped() > 400
    assert 900_000 < budget.used <= 1_000_000
    newest = await busy.after(499)
    assert [exchange.id for exchange in newest] == [500]


async def test_a_deleted_space_gives_its_bytes_back() -> None:
    http, _ = await served(Settings(throttle=None))
    budget = http._transport.app.state.monitoring.budgets["journal"]  # type: ignore[attr-defined]
    for _ in range(20):
        await http.post("/~gone/nowhere", content=b"x" * 50_000)
    assert budget.used > 20 * 50_000
    assert (await http.delete("/_mock/spaces/gone")).status_code == 204
    assert budget.used < 50_000
    await http.aclose()


async def test_evaluation_stops_when_the_journal_drops_what_it_waits_for() -> None:
    class Silent:
        def observe(self, exchange: Exchange) -> list[Finding]:
            return []

        def rules(self, stalls: Sequence[Stall]) -> list[msgspec.Struct]:
            return []

    monitor = LocalMonitor(ManualClock(0), [Silent], 1_000, ByteBudget(1_000), Stalls(MemoryStore(), None))
    monitor.arrived(0.0)
    first, second = raw_exchange(1), raw_exchange(2)
    monitor.add(first)
    monitor.add(msgspec.structs.replace(second, wall=1.0))
    monitor.judge()
    monitor.dropped(first)
    assert monitor.stopped is None
    monitor.dropped(second)
    assert "dropped exchanges before their evaluation" in str(monitor.stopped)


async def test_a_ring_buffer_of_one_large_entry_keeps_within_its_budget() -> None:
    budget = ByteBudget(100)
    ring: RingBuffer[str] = RingBuffer(10, budget)
    ring.append("too large", 101)
    assert (list(ring.entries), ring.dropped, budget.used) == ([], 1, 0)


async def test_a_page_of_the_control_api_ends_at_its_bytes_and_the_next_continues() -> None:
    http, space = await served(Settings())
    for _ in range(200):
        await space.journal.append(with_bodies(b"x" * 60_000))
    seen: list[int] = []
    pages = 0
    while found := (await http.get("/_mock/exchanges", params={"after": max(seen, default=0)})).json()["exchanges"]:
        assert len(found) < 200
        seen += [exchange["id"] for exchange in found]
        pages += 1
    assert seen == [*range(1, 201)]
    assert pages == 2
    await http.aclose()


@pytest.mark.parametrize("path", ["/_mock/exchanges.har", "/_mock/exchanges?limit=10000", "/_mock/exchanges?ip=none"])
async def test_requests_are_answered_while_a_large_journal_is_read(path: str) -> None:
    http, space = await served(Settings())
    for _ in range(5_000):
        await space.journal.append(raw_exchange(0))
    export = asyncio.create_task(http.get(path))
    answered = 0
    while not export.done():
        await asyncio.sleep(0)
        assert (await http.get("/_mock/health")).status_code == 200
        answered += 1
    assert (await export).status_code == 200
    assert answered > 20
    await http.aclose()


async def test_an_event_stream_reads_the_journal_in_bounded_batches() -> None:
    http, space = await served(Settings())
    for _ in range(300):
        await space.journal.append(with_bodies(b"x" * 60_000))
    chunks: list[int] = []
    complete = asyncio.Event()

    async def send(message: Message) -> None:
        chunks.append(len(message.get("body", b"")))
        if sum(chunks) > 300 * 60_000:
            complete.set()

    received = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        if (request := next(received, None)) is not None:
            return request
        await complete.wait()
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/_mock/events", "raw_path": b"/_mock/events", "headers": []}
    scope |= {"query_string": b"after=0", "client": None, "root_path": "", "scheme": "http", "http_version": "1.1"}
    await http._transport.app({**scope, "headers": [(b"host", b"mock")]}, receive, send)  # type: ignore[attr-defined]
    assert max(chunks) <= 2 * PAGE_BYTES < LISTENER_BYTES
    await http.aclose()


async def test_event_streams_of_all_spaces_have_a_maximum() -> None:
    http, space = await served(Settings(bounds=Bounds(listeners=1)))
    with space.monitor.listening():
        async with asyncio.timeout(10):
            answer = await http.get("/~other/_mock/events")
    assert (answer.status_code, "raise bounds.listeners" in answer.json()["error"]) == (503, True)
    await http.aclose()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_full_state_evicts_the_oldest_of_the_largest_table_of_any_space(kind: str, tmp_path: Path) -> None:
    most = 1_000_000
    store = MemoryStore(max_bytes=most) if kind == "memory" else SqliteStore(tmp_path / "state", max_bytes=most)
    quiet, busy = store.space("quiet", 1), store.space("busy", 1)
    await quiet.write(PERMITS, "kept", "", Permit(1, 2))
    await quiet.write(PERMITS, "kept too", "", Permit(1, 2))
    for number in range(3_000):
        await busy.write(PERMITS, str(number), "r" * 100, Permit(1, 2))
    assert 900_000 < store.budget.used <= most
    assert await busy.read(PERMITS, "0", "r" * 100) is None
    assert await busy.read(PERMITS, "2999", "r" * 100) == Permit(1, 2)
    assert await quiet.read(PERMITS, "kept") == Permit(1, 2)
    await store.drop("busy", 1)
    del busy
    if kind == "sqlite":
        await store.close()
        store = SqliteStore(tmp_path / "state", max_bytes=most)
        assert await store.space("quiet", 1).read(PERMITS, "kept") == Permit(1, 2)
    assert store.budget.used < 2_000
    await store.close()


async def test_records_that_a_file_had_count_once_they_are_read(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state")
    for partition, item in ("pi", "pj", "qi"):
        await store.root().write(PERMITS, partition, item, Permit(1, 2))
    used = store.budget.used
    await store.close()
    store = SqliteStore(tmp_path / "state")
    assert await store.root().partitions(PERMITS) == 2
    assert store.budget.used == used
    await store.root().delete_partition(PERMITS, "p")
    await store.root().delete(PERMITS, "q", "i")
    assert store.budget.used == 0
    await store.close()


async def test_state_that_cannot_be_evicted_is_not_written() -> None:
    store = MemoryStore(max_bytes=100_000)
    space = store.space("a", 1)
    trial = Trial(started=1, not_after=2, resources=("r" * 20_000,))
    await space.write(TRIALS, "p", "first", trial)
    await space.write(TRIALS, "p", "second", trial)
    with pytest.raises(StoreUnavailable, match=r"raise bounds\.state_bytes"):
        await space.write(TRIALS, "p", "third", trial)
    assert await space.read(TRIALS, "p", "third") is None
    assert store.budget.used < 100_000
    await space.delete(TRIALS, "p", "first")
    await space.write(TRIALS, "p", "third", trial)


async def test_a_table_keeps_its_last_partition_even_if_it_is_the_largest() -> None:
    store = MemoryStore(max_bytes=50_000)
    space = store.space("a", 1)
    await space.write(TRIALS, "p", "i", Trial(started=1, not_after=2, resources=("r" * 15_000,)))
    for number in range(100):
        await space.write(PERMITS, str(number), "", Permit(1, 2))
    assert await space.read(TRIALS, "p", "i") is not None
    assert await space.read(PERMITS, "0") is None


async def test_full_state_frees_a_64th_of_its_limit_at_once() -> None:
    size = size_of("000", "", Permit(1, 2))
    store = MemoryStore(max_bytes=128 * size - 1)  # exactly 126 records, and a 64th of its limit rounded down
    for number in range(128):
        assert store.budget.used == number * size
        await store.root().write(PERMITS, f"{number:03}", "", Permit(1, 2))
    assert store.budget.used == 126 * size


async def test_records_that_grow_shrink_and_go_are_counted_exactly() -> None:
    store = MemoryStore()
    space = store.space("a", 1)
    for length in (10, 1_000, 5):
        await space.write(TRIALS, "p", "i", Trial(started=1, not_after=2, resources=("r" * length,)))
    await space.write(PERMITS, "p", "i", Permit(1, 2))
    await space.write(PERMITS, "p", "j", Permit(1, 2))
    await space.delete(TRIALS, "p", "i")
    await space.delete_partition(PERMITS, "p")
    assert store.budget.used == 0


async def test_metrics_show_the_memory_and_its_maximum_by_part(mock: Mock) -> None:
    await mock.http.post("/o/client/token", content=b"x" * 50_000)
    lines = (await mock.http.get("/_mock/metrics")).text.splitlines()
    used, most = (
        {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line.startswith(metric))}
        for metric in ("pass_mock_memory_bytes{", "pass_mock_memory_limit_bytes{")
    )
    assert 50_000 < used['pass_mock_memory_bytes{part="journal"}'] < 60_000
    assert {name.partition("=")[2] for name in used} == {'"journal"}', '"findings"}', '"listeners"}', '"state"}'}
    assert most['pass_mock_memory_limit_bytes{part="journal"}'] == Bounds().journal_bytes
    assert sum(most.values()) == 984 * 1_048_576  # docs/reference/stores.md states the sum


async def test_a_long_mvpd_is_neither_kept_in_the_journal_nor_in_a_cache() -> None:
    mock = Mock(Settings(throttle=None))
    headers = await mock.signed_on()
    before = _default_integration.cache_info().currsize
    answer = await mock.http.post("/api/v2/REF30/sessions", headers=headers, data={"mvpd": "x" * 200_000})
    assert answer.json()["code"] == "invalid_parameter_mvpd"
    exchange = (await mock.exchanges())[-1]
    assert (len(exchange["mvpd"]), exchange["lacks"]) == (1_024, ["request_body"])
    assert _default_integration.cache_info().currsize == before


def test_the_estimate_of_a_record_counts_its_keys_and_twice_its_packed_size() -> None:
    record = Permit(1, 2)
    for length in range(33):
        assert size_of("p" * length, "item", record) == 500 + 2 * len(pack(record)) + length + len("item")
        assert size_of("p", "i" * length, record) == 500 + 2 * len(pack(record)) + 1 + length


@pytest.mark.anyio
async def test_state_may_fill_its_limit_exactly() -> None:
    size = size_of("p", "i", Permit(1, 2))
    space = MemoryStore(max_bytes=2 * size).root()
    for partition in "pq":
        await space.write(PERMITS, partition, "i", Permit(1, 2))
    assert [row[0] for row in await space.all_rows(PERMITS)] == ["p", "q"]
    await space.write(PERMITS, "r", "i", Permit(1, 2))
    assert "p" not in [row[0] for row in await space.all_rows(PERMITS)]
