"""The TCP connection beneath a request: told apart, and broken on purpose.

Uvicorn hides the transport from the app, so a subclass of its protocol puts a `Connection` into the scope. Without
one (an app that is called in process) the faults that need it end the exchange as if the peer had gone.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_server.clock import Clock
from mock_server.effects import ConnectionFault

_EXTENSION = "pass_harness.connection"
_LINGER_NOT = struct.pack("ii", 1, 0)
_STALL_SECONDS = 300.0
_SLOW_PIECES = 20
_SLOW_PAUSE = 0.25
_numbers = itertools.count(1)
MAX_HEAD = 65_536
"""Bytes of a request's line and headers; more are refused with 431, so that nobody fills the memory with them."""
_HEAD_TOO_LARGE = b"The request line and headers are longer than %d bytes." % MAX_HEAD
_HEAD_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_HEAD_TOO_LARGE), _HEAD_TOO_LARGE)
)


class _HeadTooLarge(Exception):
    """Ends the parsing of a request."""


class Connection:
    """One TCP connection; ``id`` is given once in the life of the process."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.id = f"c{next(_numbers)}"
        self._transport = transport

    def reset(self) -> None:
        """Breaks it at once: the peer reads a reset, not an end. Nothing happens if the peer has gone by itself."""
        if self._transport.is_closing():
            return
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()

    def close(self) -> None:
        """Ends it after what was sent."""
        self._transport.close()


class ConnectionProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP/1.1 protocol, telling the app of the connection, and with a bound for the head of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        super().connection_made(transport)
        self._connection = Connection(transport)
        self._in_head = True
        self._received = 0
        """Bytes that came since the connection or the last request began."""

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._received += len(data)
        super().data_received(data)
        if self._in_head and self._received > MAX_HEAD and not self.transport.is_closing():
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: dict[str, Any] = {_EXTENSION: self._connection}
        self.scope["extensions"] = extensions
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        # What came may hold a body too, so only where it is much does the head have to be measured.
        if self._received > MAX_HEAD and self._head_bytes() > MAX_HEAD:
            raise _HeadTooLarge
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._received = 0

    def send_400_response(self, msg: str) -> None:
        if self._head_bytes() > MAX_HEAD:
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def _head_bytes(self) -> int:
        return len(self.url or b"") + sum(len(name) + len(value) + 4 for name, value in self.headers or ())

    def _refuse_head(self) -> None:
        self.transport.write(_HEAD_REFUSAL)
        self.transport.close()


def connection_of(scope: Scope) -> Connection | None:
    found = (scope.get("extensions") or {}).get(_EXTENSION)
    return found if isinstance(found, Connection) else None


class FaultyResponse(Response):
    """Sends another response over a connection that fails in the given way."""

    def __init__(self, whole: Response, fault: ConnectionFault, clock: Clock) -> None:
        super().__init__(bytes(whole.body), whole.status_code)
        self.raw_headers = whole.raw_headers
        self._fault = fault
        self._clock = clock
        self.answers = fault in {ConnectionFault.TRUNCATE, ConnectionFault.SLOW}
        """Whether the peer gets to see a status."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = connection_of(scope)
        if self._fault is ConnectionFault.STALL:
            await self._stall(receive)
        if not self.answers:
            if connection is not None:
                connection.reset()
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body = bytes(self.body)
        if self._fault is ConnectionFault.TRUNCATE:
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            if connection is not None:
                connection.close()
            return
        piece = max(1, -(-len(body) // _SLOW_PIECES))
        for start in range(0, len(body), piece):
            await send({"type": "http.response.body", "body": body[start : start + piece], "more_body": True})
            await self._clock.sleep(_SLOW_PAUSE)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stall(self, receive: Receive) -> None:
        """Waits until the peer gives up, or for five minutes."""

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        _, pending = await asyncio.wait({asyncio.ensure_future(gone())}, timeout=_STALL_SECONDS)
        for task in pending:
            task.cancel()
