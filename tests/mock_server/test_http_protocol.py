"""Limits on connections and requests over real sockets: other clients are served meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import struct
import time
from collections.abc import Callable
from random import Random
from socket import SO_LINGER, SO_RCVBUF, SOL_SOCKET, socket
from typing import ClassVar, cast
from weakref import ref

import httpx
import pytest

from pass_harness.mock_server.transport.http_protocol import MAX_HEAD, MAX_HEADERS, BoundedProtocol
from pass_harness.mock_server.transport.raw_headers import LONGEST_INTERNED
from tests.mock_server.raw_connections import answered, served

REQUEST = b"GET /_mock/health HTTP/1.1\r\nHost: mock\r\n"
POST = b"POST /api/v2/REF30/sessions HTTP/1.1\r\nHost: mock\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\nUpgrade: h2c\r\n"
PATIENCE = 0.4


class Impatient(BoundedProtocol):
    patience = PATIENCE


class Noted(BoundedProtocol):
    """Every connection so far: None for one that has been garbage-collected."""

    connections_made: ClassVar[list[ref[BoundedProtocol]]] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.connections_made.append(ref(self))


class Crowded(BoundedProtocol):
    most_connections = 5


async def is_alive(place: tuple[str, int]) -> bool:
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.get(f"http://{place[0]}:{place[1]}/_mock/health")).status_code == 200


SLOW = {
    "nothing at all": (),
    "a line without an end": (b"GET /_mock/",),
    "blank lines": (b"\r\n",) * 20,
    "one header after the other": (REQUEST, *(b"a: b\r\n",) * 40),
    "a body that is announced alone": (POST + b"Content-Length: 100\r\n\r\n",),
    "a body byte by byte": (POST + b"Content-Length: 1000\r\n\r\n", *(b"x",) * 40),
    "a body behind an offer": (POST + OFFER + b"Content-Length: 1000\r\n\r\n", *(b"x",) * 40),
    "a chunk now and then": (CHUNKED, *(b"1\r\nx\r\n",) * 40),
    "blank lines after an answer": (REQUEST + b"\r\n", *(b"\r\n",) * 40),
    "a second request that stays away": (REQUEST + b"\r\n" + REQUEST,),
}


@pytest.mark.anyio
@pytest.mark.parametrize("pieces", SLOW.values(), ids=SLOW)
async def test_slow_requests_are_answered_408_and_closed(pieces: tuple[bytes, ...]) -> None:
    async with served(Impatient) as place:
        started = time.monotonic()
        said = await answered(place, *pieces, pause=PATIENCE / 10)
        assert time.monotonic() - started >= PATIENCE * 0.9
        assert said.startswith(b"HTTP/1.1 408 ") or b"\r\n\r\nHTTP/1.1 408 " in said or b"}\nHTTP/1.1 408 " in said
        assert await is_alive(place)


@pytest.mark.slow
@pytest.mark.anyio
async def test_active_clients_may_keep_and_stream_a_connection() -> None:
    async with served(Impatient) as place:
        reader, writer = await asyncio.open_connection(*place)
        for _ in range(3):
            writer.write(REQUEST + b"\r\n")
            await reader.readuntil(b"}")
            await asyncio.sleep(PATIENCE)
        writer.write(b"GET /_mock/events HTTP/1.1\r\nHost: mock\r\n\r\n")
        await reader.readuntil(b": listening")
        await asyncio.sleep(PATIENCE * 3)
        assert await is_alive(place)
        assert not reader.at_eof()
        writer.close()


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize(
    ("exchanges", "ending"),
    [(5, b""), (1, b"Connection: close\r\n")],
    ids=["more than a buffer holds", "the last bytes of a connection"],
)
async def test_a_client_that_does_not_read_its_answer_is_disconnected(exchanges: int, ending: bytes) -> None:
    async with served(Impatient) as place:
        async with httpx.AsyncClient(trust_env=False, base_url=f"http://{place[0]}:{place[1]}") as http:
            for _ in range(exchanges):
                await http.post("/api/v2/REF30/sessions", content=b"x" * 60_000)
        with socket() as connection:
            connection.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
            connection.connect(place)
            connection.sendall(b"GET /_mock/exchanges HTTP/1.1\r\nHost: mock\r\n" + ending + b"\r\n")
            await asyncio.sleep(PATIENCE * 4)
            connection.settimeout(10)
            received = b""
            with contextlib.suppress(ConnectionError):
                while piece := await asyncio.to_thread(connection.recv, 65_536):
                    received += piece
        assert received.startswith(b"HTTP/1.1 200 ")
        assert len(received) < 60_000


TOO_MUCH = {
    "a long line": [b"GET /" + b"x" * MAX_HEAD],
    "a long header": [REQUEST + b"a: " + b"x" * MAX_HEAD],
    "many headers behind an offer": [REQUEST + OFFER + b"a: b\r\n" * (MAX_HEADERS + 1) + b"\r\n"],
    "many headers": [REQUEST + b"a: b\r\n" * (MAX_HEADERS + 1) + b"\r\n"],
    "trailers without an end": [CHUNKED + b"0\r\n", *[b"a: " + b"x" * 1000 + b"\r\n"] * 100],
    "one trailer without an end": [CHUNKED + b"0\r\na: ", *[b"x" * 10_000] * 10],
    "an extension of a chunk without an end": [CHUNKED + b"1;a=", *[b"x" * 10_000] * 10],
    "dust": [CHUNKED, *[b"1\r\nx\r\n" * 1000] * 20],
}


@pytest.mark.anyio
@pytest.mark.parametrize("pieces", TOO_MUCH.values(), ids=TOO_MUCH)
async def test_every_part_of_a_request_head_is_bounded(pieces: list[bytes]) -> None:
    async with served(BoundedProtocol) as place:
        said = await answered(place, *pieces)
        assert said.startswith(b"HTTP/1.1 4") or not said  # a reset may overtake the answer
        assert await is_alive(place)


@pytest.mark.anyio
@pytest.mark.parametrize("name", [b"x-long", b"n" * LONGEST_INTERNED])
async def test_long_headers_are_read(name: bytes) -> None:
    async with served(BoundedProtocol) as place:
        long = b"%b: %b\r\n" % (name, b"v" * LONGEST_INTERNED)
        said = await answered(place, REQUEST + b"Connection: close\r\n" + long + b"\r\n")
    assert said.startswith(b"HTTP/1.1 200 ")


@pytest.mark.anyio
async def test_a_large_body_does_not_count_as_head() -> None:
    async with served(BoundedProtocol) as place:
        chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        said = await answered(
            place, CHUNKED, *[chunk] * 10, b"0\r\n\r\n", b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
        )
        assert said.startswith(b"HTTP/1.1 401 ")
        assert b"HTTP/1.1 404 " in said


@pytest.mark.anyio
async def test_trailers_do_not_count_as_headers() -> None:
    async with served(BoundedProtocol) as place:
        request = CHUNKED + b"0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"
        await answered(place, request + b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        async with httpx.AsyncClient(trust_env=False) as http:
            seen = (await http.get(f"http://{place[0]}:{place[1]}/_mock/exchanges")).json()["exchanges"][0]
    assert seen["ip"] == "127.0.0.1"
    assert "x-forwarded-for" not in seen["request_headers"]


@pytest.mark.anyio
async def test_connections_are_bounded_and_existing_ones_continue() -> None:
    async with served(Crowded) as place:
        held = [await asyncio.open_connection(*place) for _ in range(5)]
        assert (await answered(place)).startswith(b"HTTP/1.1 503 ")
        reader, writer = held.pop()
        writer.write(REQUEST + b"\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        _reset(cast(asyncio.StreamWriter, writer))
        for _ in range(100):
            with contextlib.suppress(httpx.HTTPError):
                if await is_alive(place):
                    break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("a place that became free is not given to another")
        for _, other in held:
            other.close()


HALF = {
    "a session": POST + b"Content-Length: 100\r\n\r\nmvpd=Cablevision",
    "a session in chunks": CHUNKED + b"10\r\nmvpd=Cablevision\r\n",
    "a session with an offer": POST + OFFER + b"Content-Length: 100\r\n\r\nmvpd=Cablevision",
    "a control call": b"POST /_mock/clock HTTP/1.1\r\nHost: mock\r\nContent-Length: 100\r\n\r\n{}",
    "a control call that takes no body": b"POST /_mock/reset HTTP/1.1\r\nHost: mock\r\nContent-Length: 9\r\n\r\n",
    "one and then none": REQUEST + b"\r\n" + POST + b"Content-Length: 9\r\n\r\n",
    "one and then no HTTP": POST + b"Content-Length: 0\r\n\r\n\x00\x01\r\n\r\n",
}


@pytest.mark.anyio
@pytest.mark.parametrize("half", HALF.values(), ids=HALF)
async def test_an_incomplete_request_has_no_effect_and_no_log_entry(
    half: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        served(BoundedProtocol) as place,
        httpx.AsyncClient(trust_env=False, base_url=f"http://{place[0]}:{place[1]}/_mock") as http,
    ):
        await http.post("/behaviours", json={"match": {"mvpd": "none"}, "effect": {"status": 503}})
        _, writer = await asyncio.open_connection(*place)
        writer.write(half)
        await writer.drain()
        await asyncio.sleep(0.1)
        _reset(writer)
        await asyncio.sleep(0.1)
        seen = (await http.get("/exchanges")).json()["exchanges"]
        assert {exchange["status"] for exchange in seen} <= {0}
        assert (await http.get("/sessions")).json()["all"] == 0
        assert (await http.get("/clock")).json()["offset"] == 0
        assert len((await http.get("/behaviours")).json()["behaviours"]) == 1
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["reset", "truncate"])
async def test_a_connection_fault_logs_no_error(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    async with served(BoundedProtocol) as (host, port), httpx.AsyncClient(trust_env=False) as http:
        await http.post(f"http://{host}:{port}/_mock/behaviours", json={"effect": {"connection": fault}})
        with pytest.raises(httpx.TransportError):
            await http.get(f"http://{host}:{port}/api/v2/REF30/profiles")
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


WHOLE = [
    REQUEST + b"\r\n",
    POST + b"Content-Length: 21\r\n\r\nmvpd=Cablevision&a=b%",
    CHUNKED + b"5\r\na=b&c\r\n0\r\n\r\n",
    POST + OFFER + b"Content-Length: 21\r\n\r\nmvpd=Cablevision&a=b%",
    b'POST /_mock/behaviours HTTP/1.1\r\nHost: mock\r\nContent-Length: 25\r\n\r\n{"effect":{"status":503}}',
    b"GET /~s/_mock/events?after=1.2 HTTP/1.1\r\nHost: mock\r\nLast-Event-ID: 1\r\n\r\n",
    b"GET /activate?code=ABC HTTP/1.1\r\nHost: mock\r\nCookie: a=b\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n",
]
SPLINTERS = [
    *(b"", b"\0", b"\xff", b"%", b"%00", b"%ff", b"\r\n", b"\n", b" ", b":", b"/~", b"//", b"..", b"{", b"[", b'"'),
    *(b"-1", b"9" * 30, b"?", b"#", b"&", b"=", b"HTTP/1.1", b"Host: [", b"Upgrade: h2c\r\n", b"Expect: 100-"),
]


@pytest.mark.anyio
async def test_malformed_requests_cause_no_internal_error(caplog: pytest.LogCaptureFixture) -> None:
    """Send requests with bytes inserted and removed, always the same ones."""
    dice = Random(1)
    async with served(BoundedProtocol) as place:
        for _ in range(1_000):
            request = bytearray(dice.choice(WHOLE))
            for _ in range(dice.randint(1, 4)):
                at = dice.randrange(len(request))
                request[at : at + dice.choice([0, 0, 3])] = dice.choice(SPLINTERS)
            _, writer = await asyncio.open_connection(*place)
            writer.write(request)
            await asyncio.sleep(0)
            writer.close()
        async with httpx.AsyncClient(trust_env=False, base_url=f"http://{place[0]}:{place[1]}/_mock") as http:
            seen = (await http.get("/exchanges", params={"limit": 10_000})).json()["exchanges"]
    assert len(seen) > 100
    assert [exchange for exchange in seen if exchange["status"] == 500] == []
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def _reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


@pytest.mark.anyio
@pytest.mark.parametrize("end", [asyncio.StreamWriter.close, _reset], ids=["an end", "a reset"])
@pytest.mark.parametrize(
    "sent",
    [b"", REQUEST, REQUEST + b"\r\n", (REQUEST + b"\r\n") * 5, (REQUEST + OFFER + b"\r\n") * 5],
    ids=["nothing", "half a request", "a request", "several at once", "several with offers"],
)
async def test_a_closed_connection_is_garbage_collected(
    sent: bytes, end: Callable[[asyncio.StreamWriter], None]
) -> None:
    Noted.connections_made.clear()
    async with served(Noted) as place:
        gc.collect()
        gc.disable()
        try:
            for number in range(5):
                reader, writer = await asyncio.open_connection(*place)
                async with asyncio.timeout(10):
                    while len(Noted.connections_made) == number:  # noqa: ASYNC110 - the client has no event for it
                        await asyncio.sleep(0.01)
                writer.write(sent)
                if sent.endswith(b"\r\n\r\n"):
                    await reader.readuntil(b"\r\n\r\n")
                end(writer)
            async with asyncio.timeout(10):
                while any(made() for made in Noted.connections_made):  # noqa: ASYNC110 - freed memory has no event
                    await asyncio.sleep(0.01)
        finally:
            gc.enable()
