"""An offered upgrade is ignored (RFC 9110, 7.8): the request counts as it was sent, with its body."""

from __future__ import annotations

import asyncio
import re
from random import Random

import httpx
import pytest

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.transport.http_protocol import BoundedProtocol
from tests.mock_server.raw_connections import answered, served

BODY = b"grant_type=client_credentials&client_id=c&client_secret=s"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
IN_CHUNKS = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (10, BODY[:10], len(BODY) - 10, BODY[10:])
JAVA = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\nUpgrade: h2c\r\n"
WEBSOCKET = b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
SEVERAL = b"connection: upgrade\r\nupgrade: h2c, TLS/1.0\r\nUpgrade: foo/2\r\n"
OFFERS = {"Java's": JAVA, "of a WebSocket": WEBSOCKET, "of several protocols": SEVERAL}
REST = {"a length": (LENGTH, BODY), "chunks": (CHUNKED, IN_CHUNKS)}
END = b"GET /_mock/health HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n"
UNKNOWN_CLIENT = b'{"error":"invalid_client"'
"""Beginning of the answer to `BODY`; without a body it is ``invalid_request``."""


def token_request(offer: bytes, framing: bytes) -> bytes:
    """Return the head of a request whose answer depends on its body."""
    head = b"POST /o/client/token HTTP/1.1\r\nHost: mock\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return head + offer + framing + b"\r\n"


def statuses(said: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", said)]


async def exchanges(place: tuple[str, int]) -> list[dict[str, object]]:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://{place[0]}:{place[1]}/_mock/exchanges")
    found: list[dict[str, object]] = answer.json()["exchanges"]
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize(("framing", "body"), REST.values(), ids=REST)
@pytest.mark.parametrize("apart", [False, True], ids=["together", "head and body apart"])
async def test_the_body_behind_an_offer_is_read(offer: bytes, framing: bytes, body: bytes, apart: bool) -> None:
    head = token_request(offer, framing)
    async with served(BoundedProtocol) as place:
        said = await answered(place, *((head, body) if apart else (head + body,)), END, pause=0.02)
        (seen,) = await exchanges(place)
    assert UNKNOWN_CLIENT in said
    assert statuses(said) == [400, 200]  # the connection is kept, and its next request is answered
    assert str(seen["request_body"]).startswith("grant_type=client_credentials&client_id=c")
    headers = seen["request_headers"]
    assert isinstance(headers, dict)
    assert headers["upgrade"] == ", ".join(re.findall("(?i)upgrade: (.*)\r\n", offer.decode()))


@pytest.mark.anyio
async def test_a_client_that_expects_100_continue_is_asked_for_its_body() -> None:
    async with served(BoundedProtocol) as place:
        reader, writer = await asyncio.open_connection(*place)
        writer.write(token_request(JAVA, b"Expect: 100-continue\r\n" + LENGTH))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(BODY + END)
        assert UNKNOWN_CLIENT in await reader.read()
        writer.close()


@pytest.mark.anyio
@pytest.mark.parametrize("offer", [b"", JAVA], ids=["no offer", "Java's"])
async def test_a_client_of_http_1_0_gets_its_answer_without_100_continue(offer: bytes) -> None:
    """Such a client takes the first response for the answer (RFC 9110, 10.1.1)."""
    head = token_request(offer, b"Expect: 100-continue\r\n" + LENGTH).replace(b"HTTP/1.1", b"HTTP/1.0")
    async with served(BoundedProtocol) as place:
        said = await answered(place, head + BODY)
    assert statuses(said) == [400]
    assert UNKNOWN_CLIENT in said


@pytest.mark.anyio
async def test_an_offer_with_connection_close_is_the_last_request() -> None:
    offer = b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n"
    async with served(BoundedProtocol) as place:
        said = await answered(place, token_request(offer, LENGTH) + BODY)
    assert statuses(said) == [400]
    assert UNKNOWN_CLIENT in said


@pytest.mark.anyio
async def test_pipelined_requests_are_answered_alike_however_the_network_cuts_them() -> None:
    dice = Random(1)
    asked = [
        token_request(offer, framing) + body
        for offer in (b"", JAVA, WEBSOCKET)
        for framing, body in (*REST.values(), (b"", b""))
    ]
    dice.shuffle(asked)
    stream = b"".join(asked) + END
    async with served(BoundedProtocol, Settings(throttle=None)) as place:
        for cuts in (0, 1, 3, 10, 40):
            places = sorted(dice.sample(range(1, len(stream)), cuts))
            pieces = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
            said = await answered(place, *pieces)
            assert statuses(said) == [400] * len(asked) + [200]
            errors = re.findall(rb'{"error":"(\w+)"', said)
            assert errors == [b"invalid_client" if BODY[:10] in each else b"invalid_request" for each in asked]


AMBIGUOUS = {
    "both framings": (LENGTH + CHUNKED, IN_CHUNKS),
    "two lengths": (LENGTH + b"Content-Length: 3\r\n", BODY),
    "a negative length": (b"Content-Length: -3\r\n", BODY),
    "an unknown coding": (b"Transfer-Encoding: gzip\r\n", BODY),
}


@pytest.mark.anyio
@pytest.mark.parametrize("offer", [b"", JAVA], ids=["without an offer", "with an offer"])
@pytest.mark.parametrize(("framing", "body"), AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_a_body_of_ambiguous_length_is_refused(offer: bytes, framing: bytes, body: bytes) -> None:
    async with served(BoundedProtocol) as place:
        said = await answered(place, token_request(offer, framing) + body + END)
    assert statuses(said) == [400]
    assert b"Invalid HTTP request" in said


@pytest.mark.anyio
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_a_tunnel_is_refused_with_the_remedy(version: bytes) -> None:
    async with served(BoundedProtocol) as place:
        said = await answered(place, b"CONNECT sp.auth.adobe.com:443 HTTP/%b\r\nHost: a\r\n\r\n\x16\x03" % version)
    assert statuses(said) == [400]
    assert b"base URL" in said
