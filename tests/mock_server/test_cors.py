"""CORS headers of answers (the browser's side: tests/browser/test_cross_origin.py)."""

from __future__ import annotations

import pytest

from pass_harness.mock_server.gateway.cors import CORS_HEADERS
from tests.mock_server.conftest import Mock

pytestmark = pytest.mark.anyio
ORIGIN = {"Origin": "https://tv.example.com"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v2/REF30/configuration", 401),
        ("POST", "/o/client/register", 400),
        ("PUT", "/o/client/token", 405),
        ("GET", "/api/v2/nothing", 404),
        ("DELETE", "/reset-tempass/v3/reset", 401),
        ("OPTIONS", "/api/v2/REF30/configuration", 200),
        ("OPTIONS", "/api/v2/NOBODY/sessions/UNKNOWN", 200),
    ],
)
async def test_every_answer_carries_the_headers_of_the_sample(
    mock: Mock, method: str, path: str, status: int
) -> None:
    plain = await mock.http.request(method, path)
    assert plain.status_code == status
    assert CORS_HEADERS.items() <= dict(plain.headers).items()
    assert "access-control-allow-origin" not in plain.headers
    asked = await mock.http.request(method, path, headers=ORIGIN)
    assert asked.headers["access-control-allow-origin"] == ORIGIN["Origin"]
    assert asked.headers["vary"] == "Origin"


async def test_a_429_has_cors_headers(throttling_mock: Mock) -> None:
    for _ in range(12):
        answer = await throttling_mock.http.get("/api/v2/REF30/profiles", headers=ORIGIN)
    assert answer.status_code == 429
    assert CORS_HEADERS.items() <= dict(answer.headers).items()
    assert answer.headers["access-control-allow-origin"] == ORIGIN["Origin"]


@pytest.mark.parametrize("path", ["/activate", "/mvpd/Cablevision/login", "/_mock/health"])
async def test_pages_and_control_calls_have_no_cors_headers(mock: Mock, path: str) -> None:
    answer = await mock.http.get(path, headers=ORIGIN)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert (await mock.http.options(path, headers=ORIGIN)).status_code in {403, 404, 405}


async def test_a_behaviour_for_an_endpoint_does_not_match_its_preflight(mock: Mock) -> None:
    await mock.behave({"status": 503}, match={"endpoint": "configuration"}, times=1)
    assert (await mock.http.options("/api/v2/REF30/configuration")).status_code == 200
    assert (await mock.http.get("/api/v2/REF30/configuration")).status_code == 503
    assert [exchange["endpoint"] for exchange in await mock.exchanges()] == ["cors.preflight", "configuration"]
