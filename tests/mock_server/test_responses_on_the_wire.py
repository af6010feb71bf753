"""The bytes of answers: pipelined requests, connections that stay open and connections that end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pass_harness.conformance.running.child_processes import Child

pytestmark = pytest.mark.slow

SERVE = ("-c", "from pass_harness.mock_server.cli.main import main; main()", "serve", "--no-throttle", "--no-rules")
PROFILES = "/api/v2/REF30/profiles"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("mock")
    with Child("mock", SERVE, ready="/_mock/health", folder=folder) as mock:
        yield mock.port


def received(port: int, *requests: str) -> bytes:
    """Return everything that the mock sends for pipelined requests; the last one closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        peer.sendall("".join(requests).encode())
        pieces = []
        while piece := peer.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


def request(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> str:
    return "\r\n".join((f"{method} {path} HTTP/{version}", "Host: mock", *headers, "", ""))


def answers(raw: bytes) -> list[tuple[str, dict[str, str], bytes]]:
    found = []
    while raw:
        head, _, rest = raw.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = int(headers["content-length"])
        found.append((status, headers, rest[:length]))
        raw = rest[length:]
    return found


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    paths = (PROFILES, f"{PROFILES}/code/AAAAAAA", "/api/v2/NONE/profiles", PROFILES)
    found = answers(received(port, *map(request, paths), request("/_mock/health", "Connection: close")))
    assert [status for status, *_ in found] == ["HTTP/1.1 401 Unauthorized"] * 4 + ["HTTP/1.1 200 OK"]
    assert b'"code":"invalid_access_token_client_application"' in found[3][2]


def test_an_answer_is_the_same_whether_its_connection_ends_or_not(port: int) -> None:
    kept, closed = answers(received(port, request(PROFILES), request(PROFILES, "Connection: close")))
    assert closed[1].pop("connection") == "close"
    varying = {"content-length", "date"}
    assert kept[0] == closed[0]
    assert list(kept[1]) == list(closed[1])
    assert {n: v for n, v in kept[1].items() if n not in varying} == {
        n: v for n, v in closed[1].items() if n not in varying
    }


@pytest.mark.parametrize(
    "last",
    [
        request(PROFILES, "Connection: close"),
        request(PROFILES, version="1.0"),
        request(PROFILES, "Connection: close", method="HEAD"),
    ],
)
def test_the_connection_closes_when_the_request_says_so(port: int, last: str) -> None:
    raw = received(port, last)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    assert (body == b"") == last.startswith("HEAD")
