"""The origin check: web pages of other origins cannot make control calls."""

from __future__ import annotations

import re

import httpx
import pytest

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control.origin_check import refusal
from pass_harness.mock_server.routes import CONTROL_CALLS
from tests.mock_server.conftest import Mock
from tests.mock_server.proxy_servers import proxied

ACCEPTED_HOSTS = [
    "127.0.0.1:8300",
    "[::1]:8300",
    "192.0.2.1",
    "localhost:8300",
    "LOCALHOST.",
    "build.localhost:80",
    "mock:8300",
    "host.docker.internal:8300",
    "adobe-pass.test",
    "",
]
PUBLIC_HOSTS = [
    "example.com",
    "example.com:8300",
    "127.0.0.1.example.com",
    "localhost.example.com.",
    "sp.auth.adobe.com",
    "mock.dev:8300",  # a public top-level domain
    "mock.local:8300",  # multicast DNS (RFC 6762): any device in the network can answer for the name
    "mock.lan",
]
CROSS_ORIGIN = [
    {"origin": "https://example.com"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:3000"},
    {"origin": "http://127.0.0.1:8300.example.com"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "origin": "http://127.0.0.1:8300"},
]
SAME_ORIGIN = [
    {},
    {"origin": "http://127.0.0.1:8300"},
    {"origin": "HTTPS://127.0.0.1:8300"},
    {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "origin": "http://elsewhere"},
    {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
]
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}


@pytest.mark.parametrize("host", ACCEPTED_HOSTS)
def test_loopback_and_private_host_names_are_accepted(host: str) -> None:
    assert refusal("POST", {"host": host}, has_token=False) is None


@pytest.mark.parametrize("host", [*PUBLIC_HOSTS, "[", "example.com/.localhost"])
def test_public_host_names_require_the_control_token(host: str) -> None:
    why = refusal("GET", {"host": host}, has_token=False)
    assert why is not None
    assert "--control-token" in why
    assert refusal("GET", {"host": host}, has_token=True) is None


@pytest.mark.parametrize("has_token", [True, False])
@pytest.mark.parametrize("headers", CROSS_ORIGIN)
def test_pages_of_other_origins_are_refused(headers: dict[str, str], has_token: bool) -> None:
    why = refusal("POST", {"host": "127.0.0.1:8300", **headers}, has_token=has_token)
    assert why is not None
    assert "another origin" in why


@pytest.mark.parametrize("headers", SAME_ORIGIN)
def test_programs_and_the_mocks_own_pages_are_accepted(headers: dict[str, str]) -> None:
    assert refusal("POST", {"host": "127.0.0.1:8300", **headers}, has_token=False) is None


def test_cross_site_navigation_may_get_but_not_post() -> None:
    assert refusal("GET", {"host": "localhost", **LINK}, has_token=False) is None
    assert refusal("POST", {"host": "localhost", **LINK}, has_token=False) is not None


@pytest.mark.anyio
@pytest.mark.parametrize("token", [None, "s3cret"])
async def test_every_control_call_checks_the_origin(token: str | None) -> None:
    mock = Mock(Settings(control_token=token))
    headers = {"origin": "https://example.com"} | ({"authorization": f"Bearer {token}"} if token else {})
    for method, path, _ in CONTROL_CALLS:
        answer = await mock.http.request(method, "/_mock" + re.sub("{[^{}]*}", "x", path), headers=headers)
        assert (answer.status_code, "another origin" in answer.json()["error"]) == (403, True), path
        assert "access-control-allow-origin" not in answer.headers
    await mock.http.aclose()


@pytest.mark.anyio
async def test_a_refused_call_changes_nothing(mock: Mock) -> None:
    before = (await mock.http.get("/_mock/clock")).json()
    answer = await mock.http.post(
        "/_mock/clock", content=b'{"advance": "1h"}', headers={"origin": "https://example.com"}
    )
    assert answer.status_code == 403
    assert (await mock.http.get("/_mock/clock")).json() == before
    preflight = await mock.http.options("/_mock/clock", headers={"origin": "https://example.com"})
    assert preflight.is_error


@pytest.mark.anyio
async def test_a_number_of_thousands_of_digits_is_a_400(mock: Mock) -> None:
    answer = await mock.http.get("/_mock/exchanges", params={"limit": "9" * 5_000})
    assert answer.status_code == 400


@pytest.mark.anyio
async def test_the_proxy_checks_the_origin() -> None:
    async with proxied() as proxy:
        for path in ("/_mock/reset", "/_mock/clock"):
            answer = await proxy.http.post(path, headers={"origin": "https://example.com"})
            assert answer.status_code == 403, path
        host, address = {"host": "example.com"}, proxy.address
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(f"{address}/_mock/exchanges", headers=host)).status_code == 403
            assert (await http.get(f"{address}/_mock/exchanges")).json()["exchanges"] == []
