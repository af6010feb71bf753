"""Event-loop lag: a stall of the mock counts for every exchange that may have waited for its end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from pathlib import Path

import httpx
import msgspec
import pytest

from pass_harness.conformance.readers.jsonl import read_jsonl
from pass_harness.conformance.readers.remarks import Remarks
from pass_harness.mock_server.metrics.event_loop_lag import EventLoopLag
from tests.mock_server.test_cli import serving

STALL_S = 0.8


class SteppedClock:
    """A clock that the test moves; `sleep` returns when the test wakes the sleeper, however late."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._wake = asyncio.Event()

    def now_ms(self) -> int:
        return round(self.now_s * 1000)

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, _: float) -> None:
        self._wake.clear()
        await self._wake.wait()

    async def wake_up(self, at_s: float) -> None:
        self.now_s = at_s
        self._wake.set()
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("begin_s", "lag_ms"),
    [(1.0, 980), (2.005, 980), (2.03, 980), (2.05, 980), (2.3, 0)],
    ids=["before its end", "in the first turn", "in the second", "in the third", "later"],
)
async def test_a_late_wake_up_counts_for_requests_that_begin_soon_after_it(begin_s: float, lag_ms: float) -> None:
    clock = SteppedClock()
    lag = EventLoopLag(clock)
    running = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    wake_ups = [0.02 * number for number in range(1, 51)]
    for at_s in (*wake_ups, 2.0, *(2.0 + later_s for later_s in wake_ups[:20])):
        await clock.wake_up(at_s)
    assert lag.since(begin_s) == pytest.approx(lag_ms)
    running.cancel()


@pytest.mark.anyio
async def test_a_wake_up_that_is_overdue_counts() -> None:
    clock = SteppedClock()
    lag = EventLoopLag(clock)
    running = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    clock.now_s = 0.52
    assert lag.since(0.5) == pytest.approx(500)
    running.cancel()


@pytest.mark.slow
@pytest.mark.parametrize(("opened", "waiting"), [(5, 5), (0, 5), (0, 250)], ids=["kept-alive", "new", "many new"])
def test_requests_that_wait_for_a_stopped_mock_have_its_lag(tmp_path: Path, opened: int, waiting: int) -> None:
    record = tmp_path / "record.jsonl"
    with serving("--no-rules", "--no-throttle", "--record", str(record)) as (address, mock):
        url = httpx.URL(address)
        where = (url.host, url.port or 0)
        profiles = b"GET /api/v2/REF30/profiles HTTP/1.1\r\nHost: mock\r\n\r\n"
        open_connections = [socket.create_connection(where, timeout=20) for _ in range(opened)]
        httpx.get(f"{address}/_mock/health", trust_env=False)  # the event loop runs
        time.sleep(0.3)
        os.kill(mock.pid, signal.SIGSTOP)
        try:
            connections = open_connections or [socket.create_connection(where, timeout=20) for _ in range(waiting)]
            for connection in connections:
                connection.sendall(profiles)
            time.sleep(STALL_S)
        finally:
            os.kill(mock.pid, signal.SIGCONT)
        for connection in connections:
            assert connection.recv(12) == b"HTTP/1.1 401"
            connection.close()
        time.sleep(0.5)
        assert httpx.get(f"{address}/api/v2/REF30/profiles", trust_env=False).status_code == 401
        listed = httpx.get(f"{address}/_mock/stalls", trust_env=False).json()["stalls"]
    remarks = Remarks()
    seen = list(read_jsonl(record, remarks))
    assert [msgspec.to_builtins(stall) for stall in remarks.stalls] == listed
    assert max(stall["stalled_ms"] for stall in listed) >= 0.9 * STALL_S * 1000
    assert [one.lag_ms >= 0.9 * STALL_S * 1000 for one in seen] == [True] * waiting + [False]
