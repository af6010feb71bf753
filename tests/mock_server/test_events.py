"""Server-sent events: exchanges and findings as they happen, and limits for slow listeners."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from pass_harness.conformance.running.child_processes import Child
from pass_harness.mock_server.control.events import KEEP_ALIVE_S
from pass_harness.mock_server.exchange import Exchange

pytestmark = pytest.mark.anyio
SERVE = ("-c", "from pass_harness.mock_server.cli.main import main; main()", "serve")


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Child(
        "mock", (*SERVE, "--no-throttle"), ready="/_mock/health", folder=tmp_path_factory.mktemp("mock")
    ) as child:
        yield child.url


@dataclass
class Event:
    id: str = ""
    kind: str = ""
    data: Any = None


@contextlib.asynccontextmanager
async def listening(url: str, **params: str) -> AsyncIterator[AsyncIterator[Event]]:
    """Yield the events of a space; the connection is open when the context begins."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=20) as http,
        http.stream("GET", f"{url}/_mock/events", params=params) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 1000"

        async def events() -> AsyncIterator[Event]:
            event = Event()
            async for line in lines:
                name, _, value = line.partition(": ")
                match name:
                    case "id":
                        event.id = value
                    case "event":
                        event.kind = value
                    case "data":
                        event.data = msgspec.json.decode(value)
                if not line and event.kind:
                    yield event
                    event = Event()

        yield events()


async def ask(url: str, times: int = 1, path: str = "/api/v2/REF30/configuration") -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(times):
            await http.get(url + path)


@pytest.mark.slow
async def test_an_exchange_is_sent_complete_as_it_happens(mock: str) -> None:
    async with listening(f"{mock}/~told") as events:
        await ask(f"{mock}/~told")
        event = await anext(events)
    assert event.kind == "exchange"
    exchange = msgspec.convert(event.data, Exchange)
    assert (exchange.endpoint, exchange.status, exchange.space) == ("configuration", 401, "told")
    assert "invalid_access_token_client_application" in exchange.response_body


@pytest.mark.slow
async def test_a_summary_has_the_error_and_no_bodies(mock: str) -> None:
    async with listening(f"{mock}/~summary", view="summary") as events:
        await ask(f"{mock}/~summary")
        event = await anext(events)
    assert (event.data["outcome"], event.data["error"]) == ("error", "invalid_access_token_client_application")
    assert not {"request_headers", "request_body", "response_headers", "response_body"} & set(event.data)


@pytest.mark.slow
async def test_an_advance_of_the_clock_is_an_event_of_its_space(mock: str) -> None:
    async with listening(f"{mock}/~later") as events, httpx.AsyncClient(trust_env=False) as http:
        await http.post(f"{mock}/_mock/clock", json={"advance": "1d"})
        clock = (await http.post(f"{mock}/~later/_mock/clock", json={"advance": "30m"})).json()
        async with asyncio.timeout(KEEP_ALIVE_S - 3):  # the stream looks for changes then anyway
            event = await anext(events)
        assert (event.kind, event.data["offset"]) == ("clock", 1_800_000)
        assert 0 <= event.data["now"] - clock["now"] < 60_000
        assert event.data["wall"] <= (await http.get(f"{mock}/_mock/health")).json()["wall"]
        await http.post(f"{mock}/~later/_mock/reset")
        after = [await anext(events) for _ in range(2)]
    assert [(one.kind, one.data.get("offset")) for one in after] == [("reset", None), ("clock", 0)]


@pytest.mark.slow
async def test_a_space_sends_only_its_own_events(mock: str) -> None:
    async with listening(f"{mock}/~mine") as events:
        await ask(f"{mock}/~theirs")
        await ask(f"{mock}/~mine")
        assert (await anext(events)).data["space"] == "mine"


@pytest.mark.slow
async def test_a_listener_resumes_without_loss_or_duplicates(mock: str) -> None:
    url = f"{mock}/~resumed"
    await ask(url, 3)
    async with listening(url, after="0") as events:
        seen = [await anext(events) for _ in range(2)]
    await ask(url, 2)
    async with listening(url, after=seen[-1].id) as events:
        seen += [await anext(events) for _ in range(3)]
    assert [event.data["id"] for event in seen if event.kind == "exchange"] == [1, 2, 3, 4, 5]


@pytest.mark.slow
async def test_last_event_id_resumes_too(mock: str) -> None:
    url = f"{mock}/~header"
    await ask(url, 2)
    async with (
        httpx.AsyncClient(trust_env=False) as http,
        http.stream("GET", f"{url}/_mock/events", headers={"Last-Event-ID": "1.0"}) as answer,
    ):
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                assert line.startswith("id: 2.")
                break


@pytest.mark.slow
@pytest.mark.parametrize("query", ["after=x", "after=1.2.3", "after=-1", "view=short"])
async def test_an_invalid_parameter_is_refused_with_a_message(mock: str, query: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{mock}/_mock/events?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["error"]


@pytest.mark.slow
async def test_a_slow_listener_receives_a_gap_event(mock: str) -> None:
    url = f"{mock}/~behind"
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(42):
            await asyncio.gather(*(http.get(f"{url}/nowhere") for _ in range(50)))
    async with listening(url, after="0", view="summary") as events:
        assert (await anext(events)).data == {"exchanges": 100, "findings": 0}
        assert (await anext(events)).data["id"] == 101


@pytest.mark.slow
async def test_a_listener_that_never_reads_does_not_delay_requests(mock: str) -> None:
    url = f"{mock}/~stuck"
    host, port = mock.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port), limit=1)
    writer.write(f"GET /~stuck/_mock/events?after=0 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await writer.drain()
    async with httpx.AsyncClient(trust_env=False) as http:
        began = time.monotonic()
        for _ in range(20):
            await asyncio.gather(*(http.post(f"{url}/nowhere", content=b"x" * 60_000) for _ in range(20)))
        assert time.monotonic() - began < 15
        assert (await http.get(f"{url}/_mock/health")).status_code == 200
    writer.close()


@pytest.mark.slow
async def test_a_reset_is_sent_and_clears_the_findings(mock: str) -> None:
    url = f"{mock}/~reset"
    await ask(url, 1)
    async with httpx.AsyncClient(trust_env=False) as http, listening(url) as events:
        assert any(rule["findings"] for rule in (await http.get(f"{url}/_mock/findings")).json()["rules"])
        await http.post(f"{url}/_mock/reset")
        kinds = [(await anext(events)).kind]
        while kinds[-1] != "reset":
            kinds.append((await anext(events)).kind)
        rules = (await http.get(f"{url}/_mock/findings")).json()["rules"]
    assert {rule["verdict"] for rule in rules} <= {"not exercised", "untestable"}


@pytest.mark.slow
async def test_deleting_a_space_ends_its_listeners(mock: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, listening(f"{mock}/~gone") as events:
        await http.delete(f"{mock}/_mock/spaces/gone")
        assert [event.kind async for event in events] == ["end"]


@pytest.mark.slow
async def test_the_live_rules_report_a_violation(mock: str) -> None:
    """A request without a token violates headers.authorization: sent at once, and listed with its evidence."""
    url = f"{mock}/~judged"
    async with listening(url) as events, httpx.AsyncClient(trust_env=False) as http:
        await ask(url)
        async with asyncio.timeout(10):
            found = [event async for event in _until(events, "headers.authorization")]
        listed = (await http.get(f"{url}/_mock/findings")).json()
    assert (found[-1].data["exchanges"], found[-1].data["kind"]) == ([1], "absent")
    rule = next(rule for rule in listed["rules"] if rule["id"] == "headers.authorization")
    assert (rule["verdict"], rule["severity"], rule["opportunities"]) == ("violated", "MUST", 1)
    assert rule["findings"][0]["exchanges"] == [1]
    assert (listed["judged"], listed["waiting"], listed["stopped"]) == (1, 0, None)


async def _until(events: AsyncIterator[Event], rule: str) -> AsyncIterator[Event]:
    async for event in events:
        yield event
        if event.kind == "finding" and event.data["rule"] == rule:
            return


@pytest.mark.slow
async def test_without_rules_there_are_no_findings(tmp_path: Path) -> None:
    with Child("mock", (*SERVE, "--no-rules"), ready="/_mock/health", folder=tmp_path) as child:
        await ask(child.url)
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = (await http.get(f"{child.url}/_mock/findings")).json()
    assert answer == {"rules": [], "judged": 0, "waiting": 0, "stopped": None}


@pytest.mark.slow
@pytest.mark.parametrize("reads", [True, False], ids=["reading", "stuck"])
async def test_the_mock_stops_within_two_seconds_with_listeners(reads: bool, tmp_path: Path) -> None:
    with Child("mock", (*SERVE, "--no-throttle"), ready="/_mock/health", folder=tmp_path) as child:
        reader, writer = await asyncio.open_connection("127.0.0.1", child.port, limit=64)
        writer.write(b"GET /_mock/events?after=0 HTTP/1.1\r\nHost: mock\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        if not reads:
            async with httpx.AsyncClient(trust_env=False, base_url=child.url) as http:
                await asyncio.gather(*(http.post("/nowhere", content=b"x" * 60_000) for _ in range(200)))
        began = time.monotonic()
        await asyncio.to_thread(child.stop)
        assert time.monotonic() - began < 2
        writer.close()
