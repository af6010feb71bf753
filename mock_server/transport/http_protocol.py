"""HTTP/1.1 by uvicorn, with limits on the size of a request's head, its duration and the number of connections.

Without these limits a client can fill the memory with headers, or occupy every connection by sending single bytes
(Slowloris). The protocol ignores offers of an upgrade (RFC 9110, 7.8) and reads the body of such a request: Java's
HttpClient offers HTTP/2 with each request over plain HTTP. The module overrides undocumented methods of uvicorn, so
pyproject.toml allows only tested releases.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pass_harness.mock_server.transport.connection import EXTENSION, ClientConnection
from pass_harness.mock_server.transport.write_coalescing import CoalescingTransport

MAX_HEAD = 65_536
"""Bytes of a request without its body: the request line, headers, chunk sizes and trailers."""
MAX_HEADERS = 500
PATIENCE = 60.0
"""Seconds in which a client must send a complete request, and read a response."""
_HEAD_TOO_LARGE = f"The request line and headers are more than {MAX_HEAD} bytes, or more than {MAX_HEADERS} headers."
_TOO_SLOW = f"The request was not complete within {PATIENCE:g} seconds."
_INVALID = "Invalid HTTP request received."
_NO_TUNNELS = (
    "CONNECT opens a tunnel through a forward proxy, and this is none: "
    "use its address as the base URL of Adobe Pass, not as HTTP_PROXY or HTTPS_PROXY."
)
_TOO_MANY = "The server has reached its maximum number of connections."


class _HeadTooLarge(Exception):
    """Stops the parser: the head of the request is too large."""


class BoundedProtocol(HttpToolsProtocol):
    """A connection. One timer checks it once every `patience` seconds, so that requests need no timers."""

    most_connections = 10_000
    """Maximum number of connections of one process."""
    patience = PATIENCE

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        transport = CoalescingTransport(transport, self.loop)
        super().connection_made(transport)
        self._connection = ClientConnection(transport, self._abandon_response)
        self._received = 0
        """Bytes received since the connection opened or the last request ended, without bodies."""
        self._began: float | None = self.loop.time()
        """Time at which the connection opened or a request began; None between requests: uvicorn times those out."""
        self._timer = self.loop.call_later(self.patience, self._check_time)
        self._write_timer: asyncio.TimerHandle | None = None
        self._ending = False
        if len(self.connections) > self.most_connections:
            self._refuse(b"503 Service Unavailable", _TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)  # resumes a response that waits to write
        self._cancel_write_timer()
        self._unset_keepalive_if_required()  # uvicorn leaves the timer running after a reset
        # Reference cycles would stay until the garbage collector runs, which is rare (server/serve.py).
        self.pipeline.clear()
        self.cycle = self.scope = self._connection = None  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._began is None:
            self._began = self.loop.time()
        self._received += len(data)
        self._unset_keepalive_if_required()
        try:
            self._parse(memoryview(data))
        except httptools.HttpParserError:
            self.logger.warning(_INVALID)
            self.send_400_response(_INVALID)
        if self._received > MAX_HEAD and not self.transport.is_closing():
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._began is None:  # the previous request ended in the same data
            self._began = self.loop.time()
        extensions: dict[str, Any] = {EXTENSION: self._connection}
        self.scope["extensions"] = extensions

    def on_headers_complete(self) -> None:
        # The bytes received may include a body, so the head is measured only if there are many of them.
        if (self._received > MAX_HEAD or len(self.headers) > MAX_HEADERS) and self._head_is_too_large():
            raise _HeadTooLarge
        if self.parser.should_upgrade():
            return  # the parser stops here, and `_parse` continues
        if self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False  # a client of HTTP/1.0 takes 100 for its answer (RFC 9110, 10.1.1)
        super().on_headers_complete()
        self.headers = []  # for trailers; the scope keeps the list of headers

    def on_body(self, body: bytes) -> None:
        self._received -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # the parser takes the body for bytes of another protocol
        super().on_message_complete()
        self._received = 0
        self._began = None

    def send_400_response(self, msg: str) -> None:
        if self._head_is_too_large():
            self._refuse_head()
        else:
            self._abandon_response()
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timer = self.loop.call_later(self.patience, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel_write_timer()

    def _parse(self, data: memoryview) -> None:
        """Parse bytes of the client. The parser stops after the head of a request that offers an upgrade."""
        while data and not self.transport.is_closing():
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as stop:
                data = data[stop.args[0] :]
                if self.parser.get_method() == b"CONNECT":
                    self._refuse(b"400 Bad Request", _NO_TUNNELS)
                else:
                    self._ignore_upgrade()
            else:
                return

    def _ignore_upgrade(self) -> None:
        """Parse the head again without the offer, so that the body follows; the app sees the headers as sent."""
        sent, stopped = self.headers, self.parser
        lines = [b"%b %b HTTP/%b" % (stopped.get_method(), self.url, stopped.get_http_version().encode())]
        lines += [b"%b: %b" % header for header in sent if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))
        self.scope["headers"] = sent

    def _check_time(self) -> None:
        """End the connection if its request exceeds the time limit; otherwise schedule the next check."""
        if self._ending:
            self.transport.abort()
            return
        self._ending = self.transport.is_closing()  # the client may still read the last response
        waited = 0.0
        if self._began is not None and not self.flow.read_paused:  # a pause in reading is the mock's own
            waited = self.loop.time() - self._began
        if waited >= self.patience and not self._ending:
            self._refuse(b"408 Request Timeout", _TOO_SLOW)
            waited = 0.0
        self._timer = self.loop.call_later(self.patience - waited, self._check_time)

    def _head_bytes(self) -> int:
        return len(self.url or b"") + sum(len(name) + len(value) + 4 for name, value in self.headers or ())

    def _head_is_too_large(self) -> bool:
        return len(self.headers or ()) > MAX_HEADERS or self._head_bytes() > MAX_HEAD

    def _refuse_head(self) -> None:
        self._refuse(b"431 Request Header Fields Too Large", _HEAD_TOO_LARGE)

    def _refuse(self, status: bytes, sentence: str) -> None:
        """Close the connection, after an error response unless another response has begun."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            head = b"HTTP/1.1 %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
            head += b"connection: close\r\n\r\n"
            self.transport.write(head % (status, len(sentence)) + sentence.encode())
        self._connection.close()

    def _abandon_response(self) -> None:
        """Mark the response in progress as abandoned, so that uvicorn logs no error about it."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True

    def _cancel_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
