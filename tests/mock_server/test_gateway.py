"""Answers that the gateway gives itself, and the exchanges that it records."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.responses import Response

from pass_harness.mock_server.adobe.sso_errors import INTERNAL_ERROR
from pass_harness.mock_server.config.settings import Bounds, Network, Settings
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.endpoint import BROWSER, REST, SSO, Endpoint, Family
from pass_harness.mock_server.routes import ENDPOINTS
from tests.mock_server.conftest import Mock
from tests.mock_server.recorded_connection import RecordedConnection
from tests.mock_server.test_request_paths import on_the_wire

pytestmark = pytest.mark.anyio
PROFILES = "/api/v2/REF30/profiles"


async def failing(_: Call) -> Response:
    raise RuntimeError("a defect of the mock")


@pytest.mark.parametrize(
    ("settings", "request_", "status", "text"),
    [
        ({"allow_list": (Network("203.0.113.0/24"),)}, ("GET", PROFILES, b""), 403, "Forbidden"),
        ({}, ("POST", "/o/client/token", b"x" * 101), 413, "The body is longer than 100 bytes."),
        ({}, ("GET", "/api/v2/authenticate/NO-ONE/8ER640M", b""), 400, "There is no service provider NO-ONE."),
        ({}, ("GET", "/elsewhere", b""), 404, "Not Found"),
        ({}, ("PUT", PROFILES, b""), 405, ""),
        ({}, ("OPTIONS", PROFILES, b""), 200, ""),
    ],
)
async def test_the_gateway_refuses_with_a_reason(
    settings: dict[str, Any], request_: tuple[str, str, bytes], status: int, text: str
) -> None:
    mock = Mock(Settings(throttle=None, bounds=Bounds(body_bytes=100), **settings))
    method, path, body = request_
    async with on_the_wire(mock) as http:
        answer = await http.request(method, path, content=body)
    assert answer.status_code == status
    assert text in answer.text if path.startswith("/api/v2/authenticate") else text == answer.text


async def test_a_body_up_to_the_limit_is_read_and_a_longer_one_recorded_as_lacking() -> None:
    mock = Mock(Settings(throttle=None, bounds=Bounds(body_bytes=100)))
    async with on_the_wire(mock) as http:
        statuses = [(await http.post("/o/client/token", content=b"x" * n)).status_code for n in (100, 101)]
    assert statuses == [400, 413]
    assert [(seen["status"], seen.get("lacks", [])) for seen in await mock.exchanges()] == [
        (400, []),
        (413, ["request_body"]),
    ]


@pytest.mark.parametrize(
    ("id_", "path", "family", "code"),
    [
        ("toy", f"{PROFILES}/toy/toy", REST, "internal_server_error"),
        ("sso.toy", "/api/REF30/toy", SSO, INTERNAL_ERROR.code),
    ],
)
async def test_an_internal_error_is_answered_logged_and_recorded(
    id_: str, path: str, family: Family, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    toy = Endpoint(id_, "GET", path, failing, family=family, needs_token=False)
    mock = Mock(Settings(throttle=None), endpoints=(*ENDPOINTS, toy))
    async with on_the_wire(mock) as http:
        answer = await http.get(path)
    error = answer.json() if family is REST else answer.json()["error"]
    assert (answer.status_code, error["code"]) == (500, code)
    assert f"internal error, trace {error['trace']}" in caplog.text
    assert "a defect of the mock" in caplog.text
    assert [(seen["endpoint"], seen["status"]) for seen in await mock.exchanges()] == [(id_, 500)]


async def test_an_internal_error_of_a_page_is_a_page(caplog: pytest.LogCaptureFixture) -> None:
    toy = Endpoint("browser.toy", "GET", "/toy", failing, family=BROWSER, needs_token=False, is_page=True)
    mock = Mock(Settings(throttle=None), endpoints=(*ENDPOINTS, toy))
    async with on_the_wire(mock) as http:
        answer = await http.get("/toy")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "internal error, trace " in caplog.text


@pytest.mark.parametrize("stalled_s", [0.0, 2.0])
async def test_an_exchange_has_its_time_duration_and_the_longest_lag(mock: Mock, stalled_s: float) -> None:
    connection = RecordedConnection(waited_ms=1_500.0)
    await mock.behave({"latency": "700ms"})
    at = mock.clock.now_ms() + round(stalled_s * 1000)
    mock.clock.tick(stalled_s)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(connection.over(mock.app)), base_url="http://mock"
    ) as http:
        answer = await http.get(PROFILES)
    (seen,) = await mock.exchanges()
    assert (seen["at"], seen["wall"], seen["duration_ms"], seen["connection"]) == (at, at / 1000, 700, "c1")
    assert seen["lag_ms"] == max(1_500, stalled_s * 1000 + 700)
    assert answer.headers["date"] == f"Thu, 10 Jul 2025 12:08:{1 + int(stalled_s + 0.7):02d} GMT"


@pytest.mark.parametrize(("gone", "status", "ended"), [(False, 401, []), (True, 0, ["reset"])])
async def test_an_answer_to_a_client_that_has_gone_is_none(
    mock: Mock, gone: bool, status: int, ended: list[str]
) -> None:
    connection = RecordedConnection(gone=gone)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 (an ASGI message)
        sent.append(message["type"])

    scope = {"type": "http", "method": "GET", "path": PROFILES, "raw_path": PROFILES.encode(), "query_string": b""}
    scope |= {"headers": [], "scheme": "http", "root_path": "", "http_version": "1.1"}
    await connection.over(mock.app)(scope, receive, send)
    assert ([seen["status"] for seen in await mock.exchanges()], connection.ended) == ([status], ended)
    assert bool(sent) is not gone
