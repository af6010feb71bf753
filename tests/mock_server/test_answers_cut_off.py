"""Answers that the mock cannot complete: the store fails in the middle, or the mock shuts down."""

from __future__ import annotations

import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.journal import LocalJournal
from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.transport.http_protocol import BoundedProtocol
from tests.mock_server.raw_connections import served
from tests.mock_server.test_cli import serving

PROFILES = "/api/v2/REF30/profiles"


@pytest.mark.anyio
async def test_a_har_export_ends_incomplete_when_the_store_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = LocalJournal.after

    async def first_page(journal: LocalJournal, id_: int, limit: int | None = None) -> list[Exchange]:
        if id_:
            raise StoreUnavailable("Redis is gone")
        return await whole(journal, id_, limit)

    async with (
        served(BoundedProtocol, Settings(throttle=None)) as (host, port),
        httpx.AsyncClient(trust_env=False, base_url=f"http://{host}:{port}") as http,
    ):
        for _ in range(3):
            await http.get(PROFILES)
        monkeypatch.setattr(LocalJournal, "after", first_page)
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            await http.get("/_mock/exchanges.har")
        monkeypatch.undo()
        assert len((await http.get("/_mock/exchanges.har")).json()["log"]["entries"]) == 3
    messages = [record.getMessage() for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    assert messages == ["GET /_mock/exchanges.har is incomplete: Redis is gone"]


def stopped_during(process: subprocess.Popen[str], address: str, latency: str) -> httpx.Response:
    """Stop the mock while it delays an answer; return the answer, or raise what the client gets instead."""
    behaviour = {"effect": {"latency": latency}}
    assert httpx.post(f"{address}/_mock/behaviours", json=behaviour, trust_env=False).status_code == 201
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.get, f"{address}{PROFILES}", trust_env=False, timeout=60)
        ends = time.monotonic() + 20
        while httpx.get(f"{address}/_mock/behaviours", trust_env=False).json()["behaviours"][0]["hits"] == 0:
            assert time.monotonic() < ends
        process.send_signal(signal.SIGTERM)
        return answer.result()


@pytest.mark.slow
def test_a_shutdown_closes_the_connection_of_a_delayed_answer() -> None:
    with serving() as (address, process):
        with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending a response"):
            stopped_during(process, address, "40s")
        began = time.monotonic()
        _, errors = process.communicate(timeout=20)
        assert time.monotonic() - began < 10
        assert "Traceback" not in errors


@pytest.mark.slow
def test_a_shutdown_waits_for_an_answer_that_is_nearly_due() -> None:
    with serving() as (address, process):
        assert stopped_during(process, address, "100ms").status_code == 401
