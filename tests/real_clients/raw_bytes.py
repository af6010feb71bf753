"""Clients whose runtime may be absent, as the bytes that they send: OkHttp (Android), HttpWebRequest (.NET), curl."""

from __future__ import annotations

import socket
from http.client import HTTPResponse
from urllib.parse import SplitResult, urlsplit

from tests.real_clients.login import Answer, Request

_CHUNK = 16


class RawClient:
    """A connection that is kept for all requests."""

    def __init__(self, base_url: str, *, chunked: bool) -> None:
        parts = urlsplit(base_url)
        self._connection = socket.create_connection((parts.hostname, parts.port), timeout=20)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._chunked = chunked

    def close(self) -> None:
        self._connection.close()

    def send(self, request: Request) -> Answer:
        url = urlsplit(request.url)
        lines = [f"{request.method} {url.path}{'?' + url.query if url.query else ''} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers(request, url)]
        self._connection.sendall("\r\n".join([*lines, "", ""]).encode())
        self.before_body(request)
        if request.body:
            self._connection.sendall(_in_chunks(request.body) if self._chunked else request.body)
        response = HTTPResponse(self._connection, method=request.method)
        response.begin()
        return Answer(response.status, response.read())

    def headers(self, request: Request, url: SplitResult) -> list[tuple[str, str]]:
        """Return the headers in the order of the client."""
        raise NotImplementedError

    def before_body(self, request: Request) -> None:
        """Do what the client does between head and body."""

    def framing(self, request: Request) -> list[tuple[str, str]]:
        if not request.body:
            return []
        return [
            ("Transfer-Encoding", "chunked") if self._chunked else ("Content-Length", str(len(request.body))),
        ]


class OkHttp(RawClient):
    """OkHttp 4 over plain HTTP: application headers, then those of its BridgeInterceptor."""

    def headers(self, request: Request, url: SplitResult) -> list[tuple[str, str]]:
        return [
            *request.headers.items(),
            *self.framing(request),
            *(("Host", url.netloc), ("Connection", "Keep-Alive"), ("Accept-Encoding", "gzip")),
            ("User-Agent", "okhttp/4.12.0"),
        ]


class DotNet(RawClient):
    """HttpWebRequest of the .NET Framework: it waits for 100 Continue before each body."""

    def headers(self, request: Request, url: SplitResult) -> list[tuple[str, str]]:
        expect = [("Expect", "100-continue")] if request.body else []
        return [*request.headers.items(), ("Host", url.netloc), *self.framing(request), *expect]

    def before_body(self, request: Request) -> None:
        if not request.body:
            return
        interim = b""
        while not interim.endswith(b"\r\n\r\n"):
            byte = self._connection.recv(1)
            assert byte, "the connection was closed before 100 Continue"
            interim += byte
        assert interim.startswith(b"HTTP/1.1 100 "), interim


class Curl(RawClient):
    """curl with ``-X``: a POST without data has neither a body nor its length."""

    def headers(self, request: Request, url: SplitResult) -> list[tuple[str, str]]:
        own = [("Host", url.netloc), ("User-Agent", "curl/8.5.0"), ("Accept", "*/*")]
        return [*own, *request.headers.items(), *self.framing(request)]


def _in_chunks(body: bytes) -> bytes:
    pieces = [body[at : at + _CHUNK] for at in range(0, len(body), _CHUNK)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
