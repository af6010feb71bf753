"""HTTP/1.1 by uvicorn, with the bounds that it lacks: for what a request may be large, and for how long it may take.

Whoever connects could otherwise fill the memory with headers, or hold as many connections as there are by sending,
or reading, a byte now and then.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pass_harness.mock_server.transport.connection import EXTENSION, ClientConnection
from pass_harness.mock_server.transport.raw_headers import LONGEST_REMEMBERED, remembered
from pass_harness.mock_server.transport.write_coalescing import Departure

MAX_HEAD = 65_536
"""Bytes of a request that are none of its body: its line, its headers, and what chunks and trailers add to those."""
MAX_HEADERS = 500
PATIENCE = 60.0
"""Seconds that a request may take to come whole, a connection to its first one, and an answer to be taken off."""
_HEAD_TOO_LARGE = f"The request line and headers are more than {MAX_HEAD} bytes, or more than {MAX_HEADERS} headers."
_TOO_SLOW = f"The request did not come whole within {PATIENCE:g} seconds."
_TOO_MANY = "There are as many connections as there may be."


class _HeadTooLarge(Exception):
    """Ends the parsing of a request."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Once every `PATIENCE` at most it is looked at, which costs requests nothing."""

    most_connections = 10_000
    """In one process."""
    patience = PATIENCE

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        transport = Departure(transport, self.loop)
        super().connection_made(transport)
        self._connection = ClientConnection(transport, self._give_up)
        self._received = 0
        """Bytes that came since the connection or the last request began, without those of bodies."""
        self._began: float | None = self.loop.time()
        """Since when a request is awaited or under way; None between requests, as uvicorn watches over that."""
        self._watch = self.loop.call_later(self.patience, self._look)
        self._stuck: asyncio.TimerHandle | None = None
        self._ending = False
        if len(self.connections) > self.most_connections:
            self._refuse(b"503 Service Unavailable", _TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.cancel()
        super().connection_lost(exc)  # which lets whoever waits to write go on
        self._unstick()
        self._unset_keepalive_if_required()  # uvicorn leaves it running after a reset
        # Cycles would stay until the garbage collector comes, and it comes seldom (serve.py).
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
        if self._began is None:  # the one before came to its end in the same data
            self._began = self.loop.time()
        extensions: dict[str, Any] = {EXTENSION: self._connection}
        self.scope["extensions"] = extensions

    def on_header(self, name: bytes, value: bytes) -> None:
        short = len(name) + len(value) <= LONGEST_REMEMBERED
        header = remembered(name, value) if short else (name.lower(), value)
        if header[0] == b"expect" and value.lower() == b"100-continue":  # as uvicorn does
            self.expect_100_continue = True
        self.headers.append(header)

    def on_headers_complete(self) -> None:
        # What came may hold a body too, so only where it is much does the head have to be measured.
        if (self._received > MAX_HEAD or len(self.headers) > MAX_HEADERS) and self._head_is_too_large():
            raise _HeadTooLarge
        super().on_headers_complete()
        self.headers = []  # trailers are no headers: the scope keeps the list that there was

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
        """Says nothing: clients that could do more than HTTP/1.1 offer it with each request, as Java's do."""

    def _look(self) -> None:
        """Ends what takes too long; comes again when it could."""
        if self._ending:
            self.transport.abort()
            return
        self._ending = self.transport.is_closing()  # what was said last may still be on its way
        waited = 0.0
        if self._began is not None and not self.flow.read_paused:  # else it is ourselves who do not read on
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
        """Hangs up, with an answer unless one has begun."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            head = b"HTTP/1.1 %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
            head += b"connection: close\r\n\r\n"
            self.transport.write(head % (status, len(sentence)) + sentence.encode())
        self._connection.close()

    def _give_up(self) -> None:
        """Lets uvicorn expect no more of an answer that is under way, and complain of none."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True

    def _unstick(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
