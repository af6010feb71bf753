"""The lives of a space: each reset begins one, in every process that serves the space."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from pass_harness.mock_server.behaviours.active import ACTIVE
from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.behaviours.model import Behaviour
from pass_harness.mock_server.clock import Clock, ManualClock
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain.records import PERMITS, Permit
from pass_harness.mock_server.exchange import SpaceReset
from pass_harness.mock_server.formats.byte_size import Size
from pass_harness.mock_server.ids import RandomIds
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.live.shared import SharedMonitoring
from pass_harness.mock_server.signing.keys import default_keys
from pass_harness.mock_server.spaces.spaces import Spaces
from pass_harness.mock_server.store.space_record import SPACES
from tests.mock_server.raw_exchanges import raw_exchange
from tests.mock_server.shared_memory import SharedMemoryStore

pytestmark = pytest.mark.anyio
BEHAVIOUR = Behaviour(effect=Effect(status=503))


@pytest.fixture
def store() -> SharedMemoryStore:
    return SharedMemoryStore()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def processes(store: SharedMemoryStore, clock: ManualClock) -> tuple[Spaces, Spaces]:
    """Return the spaces of two processes with one configured behaviour."""
    return spaces_of("one", store, clock), spaces_of("other", store, clock)


def spaces_of(process: str, store: SharedMemoryStore, clock: Clock) -> Spaces:
    monitoring = SharedMonitoring(store, clock, (), 100, None, process)
    settings = Settings(behaviours=(BEHAVIOUR,))
    return Spaces(settings, store, clock, RandomIds(7), default_keys(), monitoring)


async def test_a_reset_of_another_process_is_applied_at_the_next_use(
    processes: tuple[Spaces, Spaces], store: SharedMemoryStore
) -> None:
    one, other = processes
    space, there = await one.open("a"), await other.open("a")
    await space.world.store.write(PERMITS, "p", "i", Permit(1, 2))
    await space.advance(5_000)
    await there.behaviours.add(BEHAVIOUR, 0)
    before = space.life
    await other.reset(there)
    assert space.life == before
    assert await one.open("a") is space
    assert space.life == there.life > before
    assert await space.world.store.read(PERMITS, "p", "i") is None
    assert [active.id for active in space.behaviours.active] == ["b1"], "only the configured one"
    assert space.clock.offset_ms == 0
    assert store.lives == {("a", space.life)}, "the earlier life is deleted"


@pytest.mark.parametrize("resets", [2, 5])
async def test_concurrent_resets_begin_one_life(
    resets: int, processes: tuple[Spaces, Spaces], store: SharedMemoryStore
) -> None:
    opened = [await spaces.open("a") for spaces in processes]
    await asyncio.gather(*(processes[n % 2].reset(opened[n % 2]) for n in range(resets)))
    space = await processes[0].open("a")
    record = await store.root().read(SPACES, "", "a")
    assert record is not None
    assert record.life == space.life
    assert {active.id for active in await space.world.store.rows(ACTIVE, "")} == {"b1"}
    assert store.lives == {("a", record.life)}


async def test_a_reset_that_comes_second_keeps_the_life_of_the_first(
    processes: tuple[Spaces, Spaces], store: SharedMemoryStore, clock: ManualClock
) -> None:
    one, other = processes
    space, there = await one.open("a"), await other.open("a")
    clock.tick(1)
    await other.reset(there)
    first = there.life
    await there.world.store.write(PERMITS, "p", "i", Permit(1, 2))
    clock.tick(1)
    await one.reset(space)  # asked for the life before: it has ended
    assert space.life == first
    assert await space.world.store.read(PERMITS, "p", "i") == Permit(1, 2)
    assert store.lives == {("a", first)}


async def test_resets_within_a_millisecond_begin_different_lives(processes: tuple[Spaces, Spaces]) -> None:
    space = await processes[0].open("a")
    lives = [space.life]
    for _ in range(3):
        await processes[0].reset(space)
        lives.append(space.life)
    assert lives == sorted(set(lives))


async def test_a_record_that_was_read_before_a_reset_does_not_bring_its_life_back(
    processes: tuple[Spaces, Spaces],
) -> None:
    one, _ = processes
    space = await one.open("a")
    await space.advance(5_000)
    earlier = space.record_handle.record
    await one.reset(space)
    life, behaviours = space.life, space.behaviours
    await one._apply(space, earlier)
    assert (space.life, space.behaviours, space.clock.offset_ms) == (life, behaviours, 0)
    assert space.record_handle.record.life == life


async def test_requests_that_find_the_same_reset_renew_the_space_once(processes: tuple[Spaces, Spaces]) -> None:
    one, other = processes
    space, there = await one.open("a"), await other.open("a")
    await other.reset(there)
    renewed = []
    monitor_renew = space.monitor.renew
    space.monitor.renew = lambda life: (renewed.append(life), monitor_renew(life))  # type: ignore[method-assign,assignment,return-value]
    await asyncio.gather(*(one.open("a") for _ in range(4)))
    assert renewed == [there.life]


async def test_a_slow_request_does_not_apply_a_reset_over_a_newer_one(processes: tuple[Spaces, Spaces]) -> None:
    one, other = processes
    space, there = await one.open("a"), await other.open("a")
    await other.reset(there)
    first = there.record_handle.record
    await other.reset(there)
    await asyncio.gather(one._renew(space, there.record_handle.record), one._renew(space, first))
    assert space.life == there.life


async def test_the_journal_and_its_ids_after_a_reset(processes: tuple[Spaces, Spaces]) -> None:
    one, other = processes
    space, there = await one.open("a"), await other.open("a")
    await space.journal.append(raw_exchange())
    await other.reset(there)
    await one.refresh(space)
    assert await space.journal.after(0) == []
    await space.journal.append(raw_exchange())
    assert [exchange.id for exchange in await there.journal.after(0)] == [2]


async def test_a_space_deleted_by_another_process_is_unloaded(processes: tuple[Spaces, Spaces]) -> None:
    one, other = processes
    space = await one.open("a")
    await other.open("a")
    assert await other.delete("a")
    await one.refresh(space)
    assert one.loaded() == []
    assert space.monitor.closed
    changed = await space.record_handle.change(lambda record: msgspec.structs.replace(record, offset=1))
    assert changed.offset == 1
    assert await space.record_handle.read() is None, "a late change does not create it again"


async def test_behaviours_added_after_a_reset_follow_the_configured_ones(processes: tuple[Spaces, Spaces]) -> None:
    space = await processes[0].open("a")
    await processes[0].reset(space)
    assert await space.behaviours.add(BEHAVIOUR, 0) == "b2"


async def test_processes_that_create_a_space_at_once_begin_one_life(
    processes: tuple[Spaces, Spaces], store: SharedMemoryStore, clock: ManualClock
) -> None:
    later = ManualClock(clock.now_ms() + 1)
    opened = await asyncio.gather(processes[0].open("a"), spaces_of("later", store, later).open("a"))
    assert opened[0].life == opened[1].life


async def test_a_space_that_is_created_again_has_a_new_life(
    processes: tuple[Spaces, Spaces], clock: ManualClock
) -> None:
    """A request in progress in the deleted space cannot change the new one."""
    deleted = await processes[0].open("a")
    await processes[0].delete("a")
    clock.tick(1)
    assert (await processes[0].open("a")).life > deleted.life


async def test_the_record_file_says_when_a_space_was_reset(clock: ManualClock, tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    recorder = Recorder(file, Size(1_000_000))
    store = SharedMemoryStore()
    monitoring = SharedMonitoring(store, clock, (), 100, recorder, "one")
    spaces = Spaces(Settings(), store, clock, RandomIds(7), default_keys(), monitoring, recorder)
    await spaces.reset(await spaces.open("a"))
    recorder.close()

    line = msgspec.json.decode(file.read_bytes(), type=SpaceReset)
    assert (line.reset_space, line.wall) == ("a", clock.monotonic_s())
