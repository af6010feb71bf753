"""HTTP/1.1 by uvicorn, with limits: the size of a request's head, the time it takes, the number of connections.

Without them a client could fill the memory with headers, or hold every connection by sending or reading a byte now
and then. Uvicorn documents nothing of what this module overrides: pyproject.toml allows the releases it is tested
with.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pass_harness.mock_server.transport.connection import EXTENSION, ClientConnection
from pass_harness.mock_server.transport.write_coalescing import CoalescingTransport

MAX_HEAD = 65_536
"""Bytes of a request without its body: the request line, headers, chunk sizes and trailers."""
MAX_HEADERS = 500
PATIENCE = 60.0
"""Seconds that a connection may take to send a request, its first one included, and to read an answer."""
_HEAD_TOO_LARGE = f"The request line and headers are more than {MAX_HEAD} bytes, or more than {MAX_HEADERS} headers."
_TOO_SLOW = f"The request did not come whole within {PATIENCE:g} seconds."
_TOO_MANY = "There are as many connections as there may be."


class _HeadTooLarge(Exception):
    """The end of parsing a request whose head is too large."""


class BoundedProtocol(HttpToolsProtocol):
    """A connection. A timer checks it once every `patience`, so requests start no timer of their own."""

    most_connections = 10_000
    """Number of connections that one process accepts."""
    patience = PATIENCE

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        transport = CoalescingTransport(transport, self.loop)
        super().connection_made(transport)
        self._connection = ClientConnection(transport, self._give_up)
        self._received = 0
        """Bytes received since the connection opened or the last request ended, without those of bodies."""
        self._began: float | None = self.loop.time()
        """Time when the connection opened or a request began; None between requests, where uvicorn has a timeout."""
        self._watch = self.loop.call_later(self.patience, self._look)
        self._stuck: asyncio.TimerHandle | None = None
        self._ending = False
        if len(self.connections) > self.most_connections:
            self._refuse(b"503 Service Unavailable", _TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.cancel()
        super().connection_lost(exc)  # resumes an answer that waits to write
        self._unstick()
        self._unset_keepalive_if_required()  # uvicorn leaves it running after a reset
        # References in a circle would stay until the garbage collector runs, and it runs seldom (serve.py).
        self.pipeline.clear()
        self.cycle = self.scope = self._connection = None  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._began is None:
            self._began = self.loop.time()
        self._received += len(data)
        super().data_received(data)
        if self._received > MAX_HEAD and not self.transport.is_closing():
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._began is None:  # the request before ended in the same data
            self._began = self.loop.time()
        extensions: dict[str, Any] = {EXTENSION: self._connection}
        self.scope["extensions"] = extensions

    def on_headers_complete(self) -> None:
        # Bytes of a body may be among those received, so the head is measured only where they are many.
        if (self._received > MAX_HEAD or len(self.headers) > MAX_HEADERS) and self._head_is_too_large():
            raise _HeadTooLarge
        super().on_headers_complete()
        self.headers = []  # for trailers; the scope keeps the list of headers

    def on_body(self, body: bytes) -> None:
        self._received -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._received = 0
        self._began = None

    def send_400_response(self, msg: str) -> None:
        if self._head_is_too_large():
            self._refuse_head()
        else:
            self._give_up()
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(self.patience, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unstick()

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: some clients, as Java's, offer HTTP/2 with each request."""

    def _look(self) -> None:
        """End the connection if a request takes too long, else call this again when one could."""
        if self._ending:
            self.transport.abort()
            return
        self._ending = self.transport.is_closing()  # the last answer may not have been read yet
        waited = 0.0
        if self._began is not None and not self.flow.read_paused:  # else the mock itself reads no further
            waited = self.loop.time() - self._began
        if waited >= self.patience and not self._ending:
            self._refuse(b"408 Request Timeout", _TOO_SLOW)
            waited = 0.0
        self._watch = self.loop.call_later(self.patience - waited, self._look)

    def _head_bytes(self) -> int:
        return len(self.url or b"") + sum(len(name) + len(value) + 4 for name, value in self.headers or ())

    def _head_is_too_large(self) -> bool:
        return len(self.headers or ()) > MAX_HEADERS or self._head_bytes() > MAX_HEAD

    def _refuse_head(self) -> None:
        self._refuse(b"431 Request Header Fields Too Large", _HEAD_TOO_LARGE)

    def _refuse(self, status: bytes, sentence: str) -> None:
        """Close the connection, after an error answer unless another answer has begun."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            head = b"HTTP/1.1 %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
            head += b"connection: close\r\n\r\n"
            self.transport.write(head % (status, len(sentence)) + sentence.encode())
        self._connection.close()

    def _give_up(self) -> None:
        """Mark an answer that is under way as given up, so that uvicorn logs no error about it."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True

    def _unstick(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
