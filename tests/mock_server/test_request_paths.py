"""Paths as services build them: doubled slashes, and the prefix of a space twice."""

from __future__ import annotations

from urllib.parse import urljoin

import httpx
import pytest

from pass_harness.conformance.facts.version1 import version1_of
from pass_harness.mock_server.proxy.recognition import endpoint_of
from pass_harness.mock_server.space_paths import split_space
from tests.mock_server.conftest import FULL, Mock
from tests.mock_server.proxy_servers import answered, proxied

SLASHES = [
    "//api/v2/REF30/configuration",
    "/api//v2/REF30/configuration",
    "/api/v2///REF30/configuration//",
    "//api//v2//REF30//configuration//",
]


def on_the_wire(mock: Mock) -> httpx.AsyncClient:
    """Return a client whose answers are not compared with the OpenAPI document, which has no such paths."""
    transport = httpx.ASGITransport(mock.app, raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url="http://mock")


@pytest.mark.anyio
@pytest.mark.parametrize("prefix", ["", "/~s", "/~s/", "//~s"])
@pytest.mark.parametrize("path", SLASHES)
async def test_repeated_slashes_count_as_one(mock: Mock, prefix: str, path: str) -> None:
    mock.http = mock.at("/~s" if prefix else "")
    headers = await mock.signed_on()
    async with on_the_wire(mock) as http:
        answer = await http.get(f"http://mock{prefix}{path}", headers=headers)
        assert answer.status_code == 200
        assert answer.json()["requestor"]["id"] == "REF30"
        seen = (await http.get(f"http://mock{prefix}//_mock//exchanges")).json()["exchanges"][-1]
    assert seen["endpoint"] == "configuration"
    assert seen["path"].endswith(path)  # the journal has what the service sent
    assert endpoint_of("GET", seen["path"]) == "configuration"


@pytest.mark.anyio
async def test_repeated_slashes_do_not_evade_the_rate_limit(throttling_mock: Mock) -> None:
    async with on_the_wire(throttling_mock) as http:
        paths = [f"{'/' * number}/api/v2/REF30/configuration" for number in range(30)]
        statuses = [(await http.get(f"http://mock{path}")).status_code for path in paths]
    assert statuses.count(429) == 19


def test_repeated_slashes_of_version_1_are_recognised() -> None:
    assert version1_of("//api//v1/config/REF30") == "/api/v1"


@pytest.mark.anyio
@pytest.mark.parametrize("base", ["/~my-service", "/~my-service/"])
@pytest.mark.parametrize("join", [lambda base, url: base + url, urljoin], ids=["as text", "by RFC 3986"])
async def test_the_url_of_a_session_works_however_it_is_joined(mock: Mock, base: str, join: object) -> None:
    assert callable(join)
    mock.http = mock.at("/~my-service")
    headers = await mock.signed_on()
    session = await mock.http.post("/api/v2/REF30/sessions", headers=headers, data={"mvpd": "Cablevision"})
    async with on_the_wire(mock) as http:
        resume = join(f"http://mock{base}", session.json()["url"])
        resumed = await http.post(resume, headers=headers, data=FULL)
        assert resumed.json()["actionName"] == "authenticate"
        login = await http.get(join(f"http://mock{base}", resumed.json()["url"]))
        assert login.status_code == 302
        assert login.headers["location"].startswith("http://mock/~my-service/adobe-services/")
    assert {seen["endpoint"] for seen in await mock.exchanges()} >= {"sessions.resume", "authenticate"}
    assert not [seen for seen in await mock.exchanges() if "~" in seen["path"]]


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/api", ("default", "", "/api")),
        ("", ("default", "", "/")),
        ("//", ("default", "", "//")),
        ("/~a", ("a", "/~a", "/")),
        ("/~a/~a/~a", ("a", "/~a", "/")),
        ("/~a//~a//api", ("a", "/~a", "//api")),
        ("/~a/~b/api", ("a", "/~a", "/~b/api")),
        ("/~a/~ab/api", ("a", "/~a", "/~ab/api")),
        ("/~ab/~a/api", ("ab", "/~ab", "/~a/api")),
        ("/~default/api", ("default", "/~default", "/api")),
        ("/x/~a/api", ("default", "", "/x/~a/api")),
    ],
)
def test_the_prefix_of_a_space(path: str, parts: tuple[str, str, str]) -> None:
    assert split_space(path) == parts


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("asked", "forwarded"),
    [
        (b"//api/v2//REF30/configuration", b"//api/v2//REF30/configuration"),
        (b"/~s//api/v2/REF30/configuration?a=/~s", b"//api/v2/REF30/configuration?a=/~s"),
        (b"/~s/~s/api/v2/REF30/configuration", b"/api/v2/REF30/configuration"),
        (b"/%7Es/api/v2/REF30/configuration", b"/api/v2/REF30/configuration"),
    ],
)
async def test_the_proxy_forwards_slashes_and_strips_the_prefix(asked: bytes, forwarded: bytes) -> None:
    async with proxied(answered()) as proxy:
        await proxy.raw(b"GET %b HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n" % asked)
        (head,) = proxy.upstream.heads
        assert head.split(b" ")[1] == forwarded
        space = b"/~s" if b"~s/" in asked or b"%7E" in asked else b""
        answer = await proxy.http.get(f"{space.decode()}/_mock/exchanges")
    assert answer.json()["exchanges"][0]["endpoint"] == "configuration"
