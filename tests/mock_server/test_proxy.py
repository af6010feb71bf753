"""The proxy: forwarding, and the journal's copy."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from pass_harness.mock_server.config.settings import Bounds
from pass_harness.mock_server.journal.masking import mask
from pass_harness.mock_server.proxy.body_streams import BodyCopy
from pass_harness.mock_server.proxy.headers import proxy_location
from pass_harness.mock_server.proxy.upstream import Address
from pass_harness.mock_server.transport.request import Inbound
from tests.mock_server.proxy_servers import answered, proxied

pytestmark = pytest.mark.anyio
PROFILES = "/api/v2/REF30/profiles"
GZIP = [(b"content-encoding", b"gzip")]


def lines(head: bytes) -> list[bytes]:
    return head.removesuffix(b"\r\n\r\n").split(b"\r\n")


async def test_a_request_is_forwarded_without_hop_by_hop_headers() -> None:
    async with proxied(answered()) as proxy:
        await proxy.raw(
            b"GET /api/v2/REF30/profiles/A%2fB/?x=%C3%A9&&y HTTP/1.1\r\nHost: adobe.example\r\n"
            b"X-Forwarded-For: 203.0.113.9, 10.0.0.1\r\nX-Multi: 1\r\nX-Multi: 2\r\nAuthorization: Bearer t\r\n"
            b"Connection: close, X-Once\r\nX-Once: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nVia: 1.0 edge\r\n"
            b"Proxy-Connection: close\r\nUpgrade: h2c\r\nProxy-Authorization: Basic x\r\nTrailer: a\r\n\r\n"
        )
        request, host, *headers = lines(proxy.upstream.heads[0])
        assert request == b"GET /api/v2/REF30/profiles/A%2fB/?x=%C3%A9&&y HTTP/1.1"
        assert host.lower().startswith(b"host: 127.0.0.1:")
        *kept, via = headers
        assert [line.lower() for line in kept] == [
            b"x-forwarded-for: 203.0.113.9, 10.0.0.1",
            b"x-multi: 1",
            b"x-multi: 2",
            b"authorization: bearer t",
            b"via: 1.0 edge",
        ]
        assert via.lower().startswith(b"via: 1.1 pass-mock-")
        exchange = (await proxy.exchanges())[0]
        assert exchange.request_headers["host"] == "adobe.example"
        assert exchange.request_headers["x-once"] == "1"
        assert exchange.request_headers["authorization"] == f"Bearer {mask('t')}"
        assert (exchange.path, exchange.ip) == ("/api/v2/REF30/profiles/A/B/", "203.0.113.9")


async def test_an_answer_is_forwarded_without_hop_by_hop_headers() -> None:
    answer = answered(
        b'{"access_token":"secret"}',
        b"Set-Cookie: a=1; Path=/",
        b"Set-Cookie: b=2",
        b"Connection: keep-alive, x-once",
        b"X-Once: 1",
        b"Keep-Alive: timeout=5",
        b"Date: Thu, 10 Jul 2025 12:08:01 GMT",
        status=b"201 Made",
    )
    async with proxied(answer) as proxy:
        passed = await proxy.http.post("/o/client/token", data={"client_id": "c", "client_secret": "hidden"})
        assert (passed.status_code, passed.json()) == (201, {"access_token": "secret"})
        assert passed.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]
        assert passed.headers["date"] == "Thu, 10 Jul 2025 12:08:01 GMT"
        assert not {"x-once", "keep-alive", "server"} & set(passed.headers)
        assert proxy.upstream.bodies == [b"client_id=c&client_secret=hidden"]
        exchange = (await proxy.exchanges())[0]
        assert exchange.response_body == f'{{"access_token":"{mask("secret")}"}}'
        assert exchange.request_body == f"client_id=c&client_secret={mask('hidden')}"
        assert (exchange.endpoint, exchange.client_id, exchange.status) == ("dcr.token", "c", 201)


async def test_a_client_secret_of_the_upstream_is_masked_in_later_requests() -> None:
    """The secrets of a real Adobe Pass have no form of their own: the proxy reads them in the registration."""
    secret = "0123456789abcdef-of-adobe"
    body = b'{"client_id":"a-client-with-a-long-name","client_secret":"%b"}' % secret.encode()
    async with proxied(answered(body)) as proxy:
        await proxy.http.get(PROFILES, headers={"X-Early": secret})
        await proxy.http.post("/o/client/register", json={"software_statement": "s"})
        await proxy.http.get(PROFILES, headers={"X-Odd": secret, "X-Client": "a-client-with-a-long-name"})
        seen = (await proxy.exchanges())[-1]
        assert seen.request_headers["x-odd"] == mask(secret)
        assert seen.request_headers["x-client"] == "a-client-with-a-long-name"


async def test_connections_to_the_upstream_are_kept_alive() -> None:
    async with proxied(answered()) as proxy:
        for _ in range(5):
            await proxy.http.get(PROFILES)
        assert (proxy.upstream.connections, len(proxy.upstream.heads)) == (1, 5)


@pytest.mark.parametrize("head", [b"204 No Content", b"304 Not Modified"])
async def test_answers_without_a_body(head: bytes) -> None:
    async with proxied(b"HTTP/1.1 %s\r\ncontent-length: 5\r\n\r\n" % head) as proxy:
        assert (await proxy.http.get(PROFILES)).content == b""
        assert (await proxy.exchanges())[0].status == int(head[:3])


async def test_chunked_answers_lose_their_content_length() -> None:
    chunked = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    async with proxied(chunked) as proxy:
        for _ in range(2):
            passed = await proxy.http.get(PROFILES)
            assert (passed.text, passed.headers.get("content-length")) == ("{}", None)


async def test_bytes_after_an_answer_do_not_become_the_next_answer() -> None:
    async with proxied(answered() + answered(b"not asked for", status=b"403 Forbidden")) as proxy:
        for _ in range(3):
            passed = await proxy.http.get(PROFILES)
            assert (passed.status_code, passed.text) == (200, "{}")
        assert proxy.upstream.connections == 3


@pytest.mark.parametrize(
    "answer", [answered(status=b"600 Odd"), answered(status=b"999 Odd"), answered(b"{}", b"x-odd: a\x01b")]
)
async def test_an_answer_that_no_server_may_send_is_a_bad_gateway(answer: bytes) -> None:
    async with proxied(answer) as proxy:
        passed = await proxy.http.get(PROFILES)
        assert (passed.status_code, "violated the HTTP protocol" in passed.text) == (502, True)
        assert [exchange.status for exchange in await proxy.exchanges()] == [502]


@pytest.mark.parametrize(
    ("sent", "forwarded"),
    [
        ("/a%2fb", b"/a%2fb"),
        ("/~s/a%2Fb?x=%2f", b"/a%2Fb?x=%2f"),
        ("/%7es/a%2fb", b"/a%2fb"),
        ("/~%73/a%2fb", b"/a%2fb"),
        ("/~s%2fa%2fb", b"/a%2fb"),
        ("/~s", b"/"),
    ],
)
async def test_paths_are_forwarded_as_sent_without_the_space(sent: str, forwarded: bytes) -> None:
    async with proxied(answered()) as proxy:
        host, _, port = proxy.address.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {sent} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.readuntil(b"{}")
        writer.close()
        assert proxy.upstream.heads[0].split(b" ")[1] == forwarded


async def test_head_keeps_content_length() -> None:
    async with proxied(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n") as proxy:
        assert (await proxy.http.head(PROFILES)).headers["content-length"] == "5"


async def test_bodies_are_streamed() -> None:
    """The answer begins before the request has ended, and neither is buffered whole."""
    going = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(5)
        await going.wait()
        rest = await reader.readuntil(b"\r\n0\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for piece in (first, rest[:3], b"end"):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write(b"0\r\n\r\n")

    async def body() -> Any:  # noqa: ANN401 - what httpx takes
        yield b"one"
        await asyncio.sleep(0.1)
        going.set()
        yield b"two"

    async with proxied(answer) as proxy:
        pieces = []
        async with proxy.http.stream("POST", PROFILES, content=body()) as passed:
            async for piece in passed.aiter_raw():
                pieces.append(piece)
        assert len(pieces) == 3
        assert b"transfer-encoding: chunked" in proxy.upstream.heads[0].lower()
        assert (await proxy.exchanges())[0].request_body == "onetwo"


async def test_large_bodies_are_forwarded_complete_and_truncated_in_the_journal() -> None:
    large = b"x" * 3_000_000
    async with proxied(answered(large), bounds=Bounds(body_bytes=2_000, journal_body_chars=1_000)) as proxy:
        passed = await proxy.http.post(PROFILES, content=large)
        assert (passed.content, proxy.upstream.bodies) == (large, [large])
        exchange = (await proxy.exchanges())[0]
        assert (len(exchange.request_body), len(exchange.response_body)) == (1_000, 1_000)
        assert [*exchange.lacks] == ["request_body", "response_body"]


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
    ],
)
async def test_compressed_answers_are_decoded_for_the_journal_only(encoding: str, packed: Any) -> None:  # noqa: ANN401
    body = b'{"profiles": {}, "serializedToken": "secret"}'
    whole = packed(body)
    async with proxied(answered(whole, b"content-encoding: " + encoding.encode())) as proxy:
        async with proxy.http.stream("GET", PROFILES, headers={"accept-encoding": encoding}) as passed:
            raw = b"".join([piece async for piece in passed.aiter_raw()])
        assert raw == whole
        assert f"accept-encoding: {encoding}".encode() in proxy.upstream.heads[0].lower()
        exchange = (await proxy.exchanges())[0]
        assert exchange.response_body == f'{{"profiles": {{}}, "serializedToken": "{mask("secret")}"}}'
        assert exchange.response_headers["content-encoding"] == encoding


def test_a_bomb_is_unpacked_to_the_limit_alone() -> None:
    copy = BodyCopy(10_000)
    copy.add(gzip.compress(b"x" * 100_000_000)[:10_000])
    copy.end()
    assert copy.decompress(GZIP) == (b"x" * 10_000, False)


@pytest.mark.parametrize("encoding", ["compress", "gzip, compress"])
def test_what_cannot_be_unpacked_is_left_out(encoding: str) -> None:
    copy = BodyCopy(100)
    copy.add(b"abc")
    assert copy.decompress([(b"content-encoding", encoding.encode())]) == (b"", False)


def test_a_damaged_body_is_kept_up_to_the_damage() -> None:
    copy = BodyCopy(100_000)
    copy.add(gzip.compress(bytes(range(256)) * 40)[:-20] + b"damage")
    assert copy.decompress(GZIP)[0].startswith(b"\x00\x01")
    copy = BodyCopy(100)
    copy.add(b"no gzip at all")
    assert copy.decompress(GZIP)[0] == b""


@pytest.mark.parametrize(
    ("location", "seen"),
    [
        ("/adobe-services/x?y=1#z", "/~one/adobe-services/x?y=1#z"),
        ("https://adobe.example/x", "http://proxy:8300/~one/x"),
        ("https://ADOBE.example:443", "http://proxy:8300/~one/"),
        ("//adobe.example/x", "http://proxy:8300/~one/x"),
        ("http://adobe.example/x", "http://adobe.example/x"),
        ("https://adobe.example:8443/x", "https://adobe.example:8443/x"),
        ("https://mvpd.example/login?back=https://adobe.example/x", None),
        ("relative", None),
        ("myapp://done", None),
        ("http://[broken", None),
        ("", None),
    ],
)
def test_redirects_to_the_upstream_are_rewritten_to_the_proxy(location: str, seen: str | None) -> None:
    inbound = Inbound("GET", "/", "", [(b"host", b"proxy:8300")], b"", "", 0, "http", "/~one", "", "")
    assert proxy_location(location, Address.of("https://adobe.example"), inbound) == (
        location if seen is None else seen
    )


def test_the_upstreams_base_path_is_removed() -> None:
    inbound = Inbound("GET", "/", "", [(b"host", b"proxy:8300")], b"", "", 0, "http", "", "", "")
    address = Address.of("http://mock:8400/~build/")
    assert proxy_location("/~build/x", address, inbound) == "/x"
    assert proxy_location("http://mock:8400/~build/x", address, inbound) == "http://proxy:8300/x"
    assert proxy_location("/elsewhere", address, inbound) == "/elsewhere"


async def test_redirects_are_not_followed() -> None:
    async with proxied(answered(b"", b"Location: /next", status=b"302 Found")) as proxy:
        passed = await proxy.http.get("/~one/api/v2/authenticate/REF30/CODE123")
        assert (passed.status_code, passed.headers["location"]) == (302, "/~one/next")
        assert len(proxy.upstream.heads) == 1
        assert proxy.upstream.heads[0].startswith(b"GET /api/v2/authenticate/REF30/CODE123 ")
