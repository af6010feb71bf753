"""Stalls of the mock: kept in the store and in the record, listed and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx
import msgspec
import pytest

from pass_harness.mock_server.app import create_app
from pass_harness.mock_server.clock import ManualClock
from pass_harness.mock_server.config.settings import RECORD_LIMIT
from pass_harness.mock_server.exchange import Exchange, Stall
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.journal.stalls import KEPT_STALLS, Stalls
from pass_harness.mock_server.live.observer import Finding
from pass_harness.mock_server.metrics.event_loop_lag import EventLoopLag
from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.store.memory import MemorySpace, MemoryStore
from tests.mock_server.conftest import Mock
from tests.mock_server.test_event_loop_lag import SteppedClock

pytestmark = pytest.mark.anyio


def stall(number: int = 1) -> Stall:
    return Stall(at=number * 1000, wall=float(number), stalled_ms=500.0)


async def test_a_delay_above_the_limit_is_a_stall_from_the_due_time_on() -> None:
    clock, seen = SteppedClock(), list[Stall]()
    lag = EventLoopLag(clock)
    lag.on_stall = seen.append
    running = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    for at_s in (0.02, 0.28, 0.55, 0.57, 1.59):
        await clock.wake_up(at_s)
    running.cancel()
    assert [(one.wall, one.at, one.stalled_ms) for one in seen] == [
        (pytest.approx(0.59), 590, pytest.approx(1000)),
    ]
    assert seen[0].end_s == pytest.approx(1.59)


async def test_processes_with_one_store_list_the_stalls_of_all_of_them() -> None:
    store = MemoryStore()
    one, other = Stalls(store, None), Stalls(store, None)
    writing = asyncio.create_task(one.run())
    one.add(stall(1))
    await asyncio.sleep(0.01)
    other.add(stall(2))
    assert (await other.latest()).stalls == (stall(1), stall(2))
    writing.cancel()


async def test_the_latest_stalls_are_kept_and_all_are_counted() -> None:
    stalls = Stalls(MemoryStore(), None)
    for number in range(KEPT_STALLS + 5):
        stalls.add(stall(number))
    record = await stalls.latest()
    assert (len(record.stalls), record.total, record.stalls[0]) == (KEPT_STALLS, KEPT_STALLS + 5, stall(5))


async def test_a_stall_that_a_full_disk_keeps_out_of_the_store_is_listed_and_stored_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    stalls = Stalls(MemoryStore(), None)
    with monkeypatch.context() as patched:
        patched.setattr(MemorySpace, "change", fail)
        stalls.add(stall(1))
        assert (await stalls.latest()).stalls == (stall(1),)
        stalls.add(stall(2))
        record = await stalls.latest()
        assert (record.stalls, record.total) == ((stall(1), stall(2)), 2)
    record = await stalls.latest()
    assert (record.stalls, record.total) == ((stall(1), stall(2)), 2)


async def test_a_stall_is_a_line_of_the_record(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    recorder = Recorder(path, RECORD_LIMIT)
    Stalls(MemoryStore(), recorder).add(stall())
    recorder.close()
    assert path.read_text() == '{"stalled_ms":500.0,"at":1000,"wall":1.0}\n'


async def test_a_record_that_cannot_be_written_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder(Path("/dev/full"), RECORD_LIMIT)
    stalls = Stalls(MemoryStore(), recorder)
    stalls.add(stall())
    recorder.close()
    assert "a stall of 500 ms is not in the record" in caplog.text
    assert (await stalls.latest()).total == 1


async def test_the_control_call_lists_stalls_and_the_metrics_count_them(mock: Mock) -> None:
    mock.app.state.stalls.add(stall(7))
    listed = (await mock.http.get("/~any/_mock/stalls")).json()
    assert listed == {"stalls": [msgspec.to_builtins(stall(7))], "all": 1}
    assert "pass_mock_event_loop_stalls_total 1.0" in (await mock.http.get("/_mock/metrics")).text


async def test_the_archive_of_the_journal_has_the_stalls(mock: Mock) -> None:
    mock.app.state.stalls.add(stall(7))
    archive = (await mock.http.get("/_mock/exchanges.har")).json()
    assert archive["log"]["_stalls"] == [msgspec.to_builtins(stall(7))]


async def test_findings_are_reported_with_the_stalls() -> None:
    class Observed:
        def observe(self, exchange: Exchange) -> Sequence[Finding]:
            return []

        def rules(self, stalls: Sequence[Stall]) -> Sequence[msgspec.Struct]:
            return stalls

    app = create_app(clock=ManualClock(), observers=[Observed])
    app.state.stalls.add(stall(7))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
        report = (await http.get("/_mock/findings")).json()
    assert report["rules"] == [msgspec.to_builtins(stall(7))]
