"""Leader election of the live evaluation: one of several processes judges, and another continues when it ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest

from pass_harness.mock_server.clock import ManualClock
from pass_harness.mock_server.exchange import Exchange, Stall
from pass_harness.mock_server.journal.stalls import Stalls
from pass_harness.mock_server.live.leader import (
    BUSY_SHARE,
    HEARTBEAT_TIMEOUT_S,
    HEARTBEATS,
    IDLE_SHARE,
    LEADERS,
    REPORTS,
    Leadership,
    OvertakenError,
)
from pass_harness.mock_server.live.observer import Finding
from pass_harness.mock_server.live.shared import HEARTBEAT_INTERVAL_S, SharedMonitoring
from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.store.space_record import SPACES, SpaceRecord, SpaceRecordHandle
from tests.mock_server.raw_exchanges import raw_exchange
from tests.mock_server.shared_memory import MemoryLog, SharedMemoryStore

pytestmark = pytest.mark.anyio


class Process:
    """A process of the mock, with an observer that has a finding for each exchange, once with its name."""

    def __init__(self, name: str, store: SharedMemoryStore, clock: ManualClock, *, observes: bool = True) -> None:
        self.name = name
        self.judged: list[int] = []
        factories = [lambda: self] if observes else []
        self.monitoring = SharedMonitoring(store, clock, factories, 1_000, None, name)
        record_handle = SpaceRecordHandle(store.root(), "default", SpaceRecord(life=1))
        self.journal, self.monitor = self.monitoring.open("default", record_handle)

    def observe(self, exchange: Exchange) -> Sequence[Finding]:
        self.judged.append(exchange.id)
        texts = dict.fromkeys(("title", "severity", "expected", "blame"), "")
        return [Finding(rule="r", exchanges=(exchange.id,), device=None, observed=self.name, **texts)]

    def rules(self, stalls: Sequence[Stall]) -> Sequence[msgspec.Struct]:
        return stalls

    async def beat(self, times: int = 1) -> None:
        for _ in range(times):
            await self.monitoring._heartbeat()

    async def found(self) -> list[tuple[int, str]]:
        """Return the published findings: the exchange, and the process that judged it."""
        return [(finding.exchanges[0], finding.observed) for _, finding in await self.monitor.findings()]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store() -> SharedMemoryStore:
    made = SharedMemoryStore()
    await made.root().write(SPACES, "", "default", SpaceRecord(life=1))
    return made


@pytest.fixture
def pair(store: SharedMemoryStore, clock: ManualClock) -> tuple[Process, Process]:
    return Process("one", store, clock), Process("other", store, clock)


async def append(process: Process, clock: ManualClock) -> None:
    await process.journal.append(raw_exchange(wall=clock.monotonic_s()))
    clock.tick(0.001)


async def test_two_processes_never_judge_at_the_same_time(pair: tuple[Process, Process], clock: ManualClock) -> None:
    for number in range(60):
        await append(pair[number % 2], clock)
        clock.tick(HEARTBEAT_INTERVAL_S)
        await asyncio.gather(*(process.beat() for process in pair))
    for _ in range(2):
        await asyncio.gather(*(process.beat() for process in pair))
    assert sorted(map(len, (process.judged for process in pair))) == [0, 60], "for longer than a heartbeat counts"
    found = await pair[0].found()
    assert Counter(exchange for exchange, _ in found) == dict.fromkeys(range(1, 61), 1)
    assert await pair[1].found() == found


async def test_a_leader_that_sends_heartbeats_stays_and_one_that_does_not_has_a_successor(
    pair: tuple[Process, Process], clock: ManualClock, store: SharedMemoryStore
) -> None:
    one, other = pair
    await one.beat()
    for _ in range(5):
        clock.tick(HEARTBEAT_TIMEOUT_S - 0.5)
        await one.beat()
        await append(one, clock)
        await other.beat()
    assert other.judged == []
    await one.beat(2)
    assert await one.found() == [(number, "one") for number in range(1, 6)]
    clock.tick(HEARTBEAT_TIMEOUT_S)
    await other.beat()
    assert other.judged == []
    clock.tick(0.001)
    await append(other, clock)
    await other.beat(2)
    assert other.judged == [*range(1, 7)], "from the beginning, for the state of the rules"
    assert await other.found() == [*((number, "one") for number in range(1, 6)), (6, "other")], "each published once"


async def test_a_leader_that_was_suspended_does_not_judge_beside_its_successor(
    pair: tuple[Process, Process], clock: ManualClock
) -> None:
    one, other = pair
    await one.beat()
    clock.tick(HEARTBEAT_TIMEOUT_S + 1)  # for example a suspended container
    await other.beat()
    await append(other, clock)
    for _ in range(5):
        clock.tick(HEARTBEAT_INTERVAL_S)
        await asyncio.gather(one.beat(), other.beat())
    assert (one.judged, other.judged) == ([], [1])
    clock.tick(HEARTBEAT_TIMEOUT_S + 1)
    await append(one, clock)
    await one.beat(2)
    assert one.judged == [1, 2], "the leader again, with new observers"
    assert await one.found() == [(1, "other"), (2, "one")]


async def test_a_leader_that_stalls_after_its_heartbeat_publishes_nothing_beside_its_successor(
    pair: tuple[Process, Process], clock: ManualClock
) -> None:
    one, other = pair
    await append(one, clock)
    await one.beat()
    assert one.monitoring.leader is not None
    stalled = one.monitoring.leader._spaces["default"]
    assert one.judged == [1], "not published yet"
    clock.tick(HEARTBEAT_TIMEOUT_S + 1)
    await append(other, clock)
    await other.beat(3)
    published = await other.found()
    assert published == [(1, "other"), (2, "other")]
    with pytest.raises(OvertakenError):
        await stalled.publish(clock.monotonic_s())
    assert await other.found() == published


async def test_a_finding_whose_acknowledgement_was_lost_is_published_once(
    store: SharedMemoryStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process("one", store, clock)
    for _ in range(2):
        await append(process, clock)
    await process.beat()
    written = MemoryLog.append

    async def lost(log: MemoryLog, entry: bytes, total: int | None = None) -> int:
        await written(log, entry, total)
        raise StoreUnavailable("no response")

    monkeypatch.setattr(MemoryLog, "append", lost)
    with pytest.raises(StoreUnavailable):
        await process.beat()
    monkeypatch.undo()
    await process.beat(4)
    assert await process.found() == [(1, "one"), (2, "one")]


async def test_an_older_report_does_not_replace_a_newer_one(
    pair: tuple[Process, Process], clock: ManualClock, store: SharedMemoryStore
) -> None:
    one, other = pair
    await one.beat()
    assert one.monitoring.leader is not None
    stalled = one.monitoring.leader._spaces["default"]
    clock.tick(HEARTBEAT_TIMEOUT_S + 1)
    number = await other.monitor._request_report()
    clock.tick(HEARTBEAT_INTERVAL_S)
    await other.beat(2)
    report = await store.space("default", 1).read(REPORTS, "")
    assert report is not None
    assert report.answers == number
    with pytest.raises(OvertakenError):
        await stalled._publish_report()
    assert await store.space("default", 1).read(REPORTS, "") == report


async def test_a_process_that_ends_leaves_its_own_spaces_only(
    pair: tuple[Process, Process], clock: ManualClock, store: SharedMemoryStore
) -> None:
    one, other = pair
    await one.beat()
    leader = await store.root().read(LEADERS, "", "default")
    assert leader is not None
    await other.monitoring._release()
    assert await store.root().read(LEADERS, "", "default") == leader
    await one.monitoring._release()
    assert await store.root().read(LEADERS, "", "default") is None
    assert await store.root().read(HEARTBEATS, "", "one") is None
    await append(other, clock)
    await other.beat(2)
    assert other.judged == [1]


async def test_a_process_does_not_take_a_space_that_another_one_has_just_got(
    pair: tuple[Process, Process], store: SharedMemoryStore
) -> None:
    await asyncio.gather(*(process.beat() for process in pair))
    heartbeats = {name: beat for _, name, beat in await store.root().all_rows(HEARTBEATS)}
    for process, other in (pair, pair[::-1]):
        leader = process.monitoring.leader
        assert leader is not None
        await store.root().write(LEADERS, "", "default", Leadership(other.name))
        assert not await leader.leads("default", None, heartbeats)
        assert await store.root().read(LEADERS, "", "default") == Leadership(other.name)


async def test_a_process_without_observers_never_leads(store: SharedMemoryStore, clock: ManualClock) -> None:
    without = Process("without", store, clock, observes=False)
    await append(without, clock)
    await without.beat(2)
    assert await store.root().read(LEADERS, "", "default") is None
    assert not await without.monitoring.has_leader()
    leader = Process("leader", store, clock)
    await leader.beat()
    assert await without.monitoring.has_leader()
    clock.tick(HEARTBEAT_TIMEOUT_S + 1)
    assert not await without.monitoring.has_leader()


async def test_the_last_exchanges_of_a_killed_process_are_judged(
    pair: tuple[Process, Process], clock: ManualClock
) -> None:
    one, other = pair
    await asyncio.gather(one.beat(), other.beat())
    await one.beat()
    await append(other, clock)  # and no heartbeat says so
    clock.tick(HEARTBEAT_TIMEOUT_S + 0.1)
    await one.beat()
    assert one.judged == [1]


async def test_an_exchange_waits_for_earlier_requests_in_progress_elsewhere(
    pair: tuple[Process, Process], clock: ManualClock
) -> None:
    one, other = pair
    await one.beat()
    ticket = other.monitor.arrived(clock.monotonic_s())
    clock.tick(0.01)
    await append(one, clock)
    await other.beat()
    await one.beat(2)
    assert one.judged == []
    await other.journal.append(raw_exchange(wall=clock.monotonic_s() - 0.02))
    other.monitor.answered(ticket)
    await other.beat()
    await one.beat(2)
    assert one.judged == [2, 1], "in the order of arrival"


async def test_a_new_life_is_judged_by_new_observers(
    pair: tuple[Process, Process], clock: ManualClock, store: SharedMemoryStore
) -> None:
    one, other = pair
    await append(one, clock)
    await one.beat(2)
    await store.root().write(SPACES, "", "default", SpaceRecord(life=2))
    for process in pair:
        process.journal.renew(2)
        process.monitor.renew(2)
    await append(other, clock)
    await other.beat()
    await one.beat(2)
    assert one.judged == [1, 2]
    assert await other.found() == [(2, "one")]


async def test_spaces_have_several_leaders_and_each_stays_with_its_own(
    pair: tuple[Process, Process], clock: ManualClock, store: SharedMemoryStore
) -> None:
    one, other = pair
    await asyncio.gather(one.beat(), other.beat())
    for number in range(40):
        await store.root().write(SPACES, "", f"s{number}", SpaceRecord(life=1))

    async def leaders() -> dict[str, str]:
        return {space: leader.process for _, space, leader in await store.root().all_rows(LEADERS)}

    clock.tick(1)
    for _ in range(2):
        for process in pair:
            await process.beat()
    first = await leaders()
    assert len(first) == 41
    shares = Counter(first.values())
    assert min(shares["one"], shares["other"]) >= 10, "about half of them each"
    third = Process("third", store, clock)
    for _ in range(20):
        clock.tick(HEARTBEAT_INTERVAL_S * 5)
        await asyncio.gather(one.beat(), other.beat(), third.beat())
    assert await leaders() == first, "with another process too"
    for _ in range(8):  # the first process has ended
        clock.tick(HEARTBEAT_INTERVAL_S * 5)
        await asyncio.gather(other.beat(), third.beat())
    assert set((await leaders()).values()) == {"other", "third"}
    await store.root().delete(SPACES, "", "s1")
    clock.tick(1)
    await other.beat()
    assert "s1" not in await leaders()


async def test_a_leader_judges_more_while_no_process_answers_requests(clock: ManualClock) -> None:
    store = SharedMemoryStore()
    await store.root().write(SPACES, "", "default", SpaceRecord(life=1))
    process = Process("one", store, clock)
    leader = process.monitoring.leader
    assert leader is not None
    await process.beat()
    await append(process, clock)
    await process.beat()
    assert leader._share == BUSY_SHARE
    await process.beat()
    assert leader._share == IDLE_SHARE


async def test_the_leader_reports_with_the_stalls_of_all_processes(
    pair: tuple[Process, Process], clock: ManualClock, store: SharedMemoryStore
) -> None:
    one, other = pair
    stalls = Stalls(store, None)
    stalls.add(Stall(at=1_000, wall=1.0, stalled_ms=400.0))
    await stalls.latest()
    await append(other, clock)
    await one.beat(2)
    clock.tick(2.0)
    await one.beat(2)
    report = await store.space("default", 1).read(REPORTS, "")
    assert report is not None
    assert report.rules == b'[{"stalled_ms":400.0,"at":1000,"wall":1.0}]'
