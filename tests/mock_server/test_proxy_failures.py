"""The proxy: its answers when the upstream or the client fails, and what it refuses."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest

from pass_harness.mock_server.config.settings import Bounds
from pass_harness.mock_server.proxy.upstream import Address, BadUpstream, trust
from tests.mock_server.proxy_servers import Script, answered, proxied, running
from tests.mock_server.test_proxy import PROFILES, lines

pytestmark = pytest.mark.anyio


async def test_an_upstream_that_is_down() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with running(gone, 5.0, Bounds()) as address, httpx.AsyncClient(base_url=address, trust_env=False) as http:
        answer = await http.post(PROFILES, content=b"body")
        assert (answer.status_code, answer.headers["proxy-status"]) == (502, "pass-mock; error=connection_refused")
        assert answer.text == f"pass-mock proxy: {gone} refused the connection: nothing listens there\n"
        journal = (await http.get("/_mock/exchanges")).json()["exchanges"]
        assert [seen["status"] for seen in journal] == [502]


async def test_an_upstream_that_takes_too_long() -> None:
    async def nothing(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with proxied(nothing, patience=0.2) as proxy:
        answer = await proxy.http.get(PROFILES)
        assert (answer.status_code, answer.headers["proxy-status"]) == (504, "pass-mock; error=http_response_timeout")
        assert "did not answer within 0.2 s" in answer.text
        assert len(proxy.upstream.heads) == 1


def hangs_up_after(said: bytes) -> Script:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()

    return answer


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-server\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_an_upstream_that_speaks_no_http(said: bytes) -> None:
    async with proxied(hangs_up_after(said)) as proxy:
        answer = await proxy.http.get(PROFILES)
        assert answer.status_code == 502
        assert answer.text.startswith("pass-mock proxy: http://127.0.0.1:")


@pytest.mark.parametrize("head", [b"content-length: 100", b"transfer-encoding: chunked"])
async def test_a_truncated_answer_is_forwarded_truncated(head: bytes) -> None:
    piece = b"5\r\nwhole\r\n" if b"chunked" in head else b"whole"
    async with proxied(hangs_up_after(b"HTTP/1.1 200 OK\r\n%s\r\n\r\n%s" % (head, piece))) as proxy:
        with pytest.raises(httpx.RemoteProtocolError):
            await proxy.http.get(PROFILES)
        exchange = (await proxy.exchanges())[0]
        assert (exchange.status, exchange.response_body) == (200, "whole")


async def test_a_client_that_hangs_up_is_not_waited_for() -> None:
    hung_up = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""
        hung_up.set()

    async with proxied(answer) as proxy:
        with pytest.raises(httpx.ReadTimeout):
            await proxy.http.get(PROFILES, timeout=0.2)
        await asyncio.wait_for(hung_up.wait(), 10)
        for _ in range(100):
            if journal := await proxy.exchanges():
                break
            await asyncio.sleep(0.05)
        assert [seen.status for seen in journal] == [0]


async def test_a_client_that_hangs_up_in_its_body_is_noted() -> None:
    async with proxied(answered()) as proxy:
        host, _, port = proxy.address.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /o/client/register HTTP/1.1\r\nHost: x\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        for _ in range(100):
            if journal := await proxy.exchanges():
                break
            await asyncio.sleep(0.05)
        assert [(seen.status, seen.request_body) for seen in journal] == [(0, "half")]


async def test_a_forwarding_loop_is_detected() -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    async with proxied(answered()) as proxy:
        await proxy.http.get(PROFILES)
        via = next(line for line in lines(proxy.upstream.heads[0]) if line.lower().startswith(b"via"))
        answer = await proxy.http.get(PROFILES, headers={"Via": via.decode().partition(" ")[2]})
        assert (answer.status_code, len(proxy.upstream.heads)) == (508, 1)
    listener.close()


async def test_control_calls_that_need_a_mock_are_refused() -> None:
    async with proxied(answered()) as proxy:
        assert (await proxy.http.get("/_mock/health")).json()["status"] == "ok"
        for path in ("/_mock/behaviours", "/_mock/sessions", "/_mock/clock"):
            answer = await proxy.http.post(path)
            assert (answer.status_code, "only pass-mock serve simulates Adobe Pass" in answer.json()["error"]) == (
                404,
                True,
            )
        assert proxy.upstream.heads == []
        assert (await proxy.http.delete("/_mock/exchanges")).status_code == 204


@pytest.mark.parametrize(
    "url",
    [
        *(
            "adobe.com",
            "ftp://adobe.com",
            "https://",
            "https://a:b@adobe.com",
            "https://adobe.com/?x",
            "https://a:port",
        ),
        *("https://adobe.com:0", "https://adobe.com:65536", "https://a..b"),
    ],
)
def test_an_invalid_upstream_is_refused(url: str) -> None:
    with pytest.raises(BadUpstream, match="--upstream"):
        Address.of(url)


def test_an_invalid_certificate_authority_is_refused(tmp_path: Any) -> None:  # noqa: ANN401
    file = tmp_path / "ca.pem"
    file.write_text("none")
    with pytest.raises(BadUpstream, match="no certificate in PEM"):
        trust(file)
    with pytest.raises(BadUpstream, match="cannot be read"):
        trust(tmp_path / "gone.pem")


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        (b"GET http://192.0.2.1/latest?a=b HTTP/1.1", b"GET /latest?a=b HTTP/1.1"),
        (b"GET http://user@192.0.2.1:80/ HTTP/1.1", b"GET / HTTP/1.1"),
        (b"GET //192.0.2.1/latest HTTP/1.1", b"GET //192.0.2.1/latest HTTP/1.1"),
        (b"GET /~one//192.0.2.1/ HTTP/1.1", b"GET //192.0.2.1/ HTTP/1.1"),
        (b"GET /@192.0.2.1/ HTTP/1.1", b"GET /@192.0.2.1/ HTTP/1.1"),
        (b"GET /\\192.0.2.1 HTTP/1.1", b"GET /\\192.0.2.1 HTTP/1.1"),
    ],
)
async def test_requests_go_only_to_the_upstream_whatever_the_request_line(line: bytes, asked: bytes) -> None:
    async with proxied(answered()) as proxy:
        answer = await proxy.raw(line + b"\r\nHost: 192.0.2.1\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        first, second = proxy.upstream.heads[0].split(b"\r\n")[:2]
        assert first == asked
        assert second.lower().startswith(b"host: 127.0.0.1:")


async def test_a_tunnel_is_refused() -> None:
    async with proxied(answered()) as proxy:
        answer = await proxy.raw(
            b"CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: 192.0.2.1:443\r\nConnection: close\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"not as HTTP_PROXY" in answer
        assert proxy.upstream.heads == []


@pytest.mark.parametrize(
    "path", ["/~x/~default/_mock/reset", "//~x//~y//_mock/exchanges", "/%7Ex/%7Ey/%5Fmock/clock", "/_mock"]
)
async def test_control_calls_of_an_upstream_that_is_a_mock_are_not_forwarded(path: str) -> None:
    """The proxy's token and its check of the origin would not guard them."""
    async with proxied(answered()) as proxy:
        answer = await proxy.raw(f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert proxy.upstream.heads == []
        await proxy.http.get("/~x/~y/api/v2/REF30/_mock")
        assert lines(proxy.upstream.heads[0])[0] == b"GET /~y/api/v2/REF30/_mock HTTP/1.1"
