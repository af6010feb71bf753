"""Paths that are none of the service's: the root for browsers, and mistyped control calls."""

from __future__ import annotations

import httpx
import pytest

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.routes import CONTROL_CALLS
from tests.mock_server.conftest import Mock

pytestmark = pytest.mark.anyio
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("prefix", ["", "/~one"])
async def test_a_browser_at_the_root_gets_to_the_dashboard(mock: Mock, prefix: str) -> None:
    answer = await mock.http.get(f"{prefix}/", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (307, f"{prefix}/_mock/")
    assert (await mock.http.get(answer.headers["location"], headers=HTML)).status_code == 200
    assert (await mock.at(prefix).get("/_mock/exchanges")).json()["exchanges"] == []


@pytest.mark.parametrize(
    ("method", "accept"), [("GET", "*/*"), ("GET", "application/json"), ("POST", HTML["Accept"])]
)
async def test_other_requests_to_the_root_are_exchanges_with_an_unknown_path(
    mock: Mock, method: str, accept: str
) -> None:
    answer = await mock.http.request(method, "/", headers={"Accept": accept})
    assert (answer.status_code, answer.text) == (404, "Not Found")
    assert [(one["method"], one["path"]) for one in await mock.exchanges()] == [(method, "/")]


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/_mock/exchange", 404, "there is no control call GET /_mock/exchange; did you mean "),
        ("GET", "/_mock/helth", 404, "did you mean GET /_mock/health?"),
        ("POST", "/_mock/sessions/8ER640M/logn", 404, "did you mean POST /_mock/sessions/{code}/login?"),
        ("GET", "/_mock/zzzzzz", 404, "there is no control call GET /_mock/zzzzzz; docs/reference/control-api.md"),
        ("POST", "/_mock/health", 405, "/_mock/health has no POST: use GET"),
        ("PUT", "/_mock/clock/", 405, "/_mock/clock has no PUT: use GET or POST"),
        ("DELETE", "/_mock", 405, "use GET"),
        ("GET", "/~one/_mock/behaviors", 404, "did you mean GET/POST /_mock/behaviours"),
    ],
)
async def test_a_mistyped_control_call_is_answered_and_is_no_exchange(
    mock: Mock, method: str, path: str, status: int, sentence: str
) -> None:
    answer = await mock.http.request(method, path)
    assert answer.status_code == status
    assert sentence in answer.json()["error"]
    assert await mock.exchanges() == []
    assert (await mock.http.get("/~one/_mock/exchanges")).json()["exchanges"] == []


async def test_each_control_call_has_no_other_methods(mock: Mock) -> None:
    known: dict[str, set[str]] = {}
    for method, path, _ in CONTROL_CALLS:
        known.setdefault(path, set()).add(method)
    for path, methods in known.items():
        answer = await mock.http.patch(f"/_mock{path}")
        assert (path, answer.status_code) == (path, 405)
        assert all(method in answer.json()["error"] for method in methods)


async def test_a_secret_in_a_mistyped_path_is_not_echoed(mock: Mock) -> None:
    token = (await mock.signed_on())["Authorization"].removeprefix("Bearer ")
    answer = await mock.http.get(f"/_mock/{token}")
    assert answer.status_code == 404
    assert token[:60] not in answer.text


async def test_without_the_control_token_no_call_is_named() -> None:
    mock = Mock(Settings(control_token="secret"))
    answer: httpx.Response = await mock.http.get("/_mock/helth")
    assert answer.status_code == 401
    assert "health" not in answer.text


@pytest.mark.parametrize(
    ("call", "known"),
    [
        ("events", "after, view"),
        ("sessions", "after, limit"),
        ("buckets", "after, limit"),
        ("exchanges", "endpoint, device, ip, service_provider, mvpd, code, trace_id, status, after, limit"),
        ("exchanges.har", "endpoint, device, ip, service_provider, mvpd, code, trace_id, status, after, limit"),
    ],
)
async def test_an_unknown_parameter_is_refused_with_the_known_ones(mock: Mock, call: str, known: str) -> None:
    answer = await mock.http.get(f"/_mock/{call}?devise=x&after=0")
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        f"there is no parameter devise; choose from: {known}",
    )
