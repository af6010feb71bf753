"""The TCP connection beneath a request: told apart, and broken on purpose.

Uvicorn hides the transport from the app, so our `BoundedProtocol` puts a `Connection` into the scope. Without one (an
app that is called in process) the faults that need it end the exchange as if the peer had gone.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mock_server.clock import Clock
from mock_server.effects import ConnectionFault

EXTENSION = "pass_harness.connection"
"""Where a scope has it."""
_LINGER_NOT = struct.pack("ii", 1, 0)
_STALL_SECONDS = 300.0
_SLOW_PIECES = 20
_SLOW_PAUSE = 0.25
_numbers = itertools.count(1)


class Connection:
    """One TCP connection; ``id`` is given once in the life of the process."""

    def __init__(self, transport: asyncio.Transport, given_up: Callable[[], None]) -> None:
        """``given_up`` is called when an answer that may be under way is no longer to come, or not whole."""
        self.id = f"c{next(_numbers)}"
        self._transport = transport
        self._given_up = given_up

    @property
    def gone(self) -> bool:
        """Whether the peer has hung up."""
        return self._transport.is_closing()

    def reset(self) -> None:
        """Breaks it at once: the peer reads a reset, not an end. Nothing happens if the peer has gone by itself."""
        self._given_up()
        if self._transport.is_closing():
            return
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()

    def close(self) -> None:
        """Ends it after what was sent."""
        self._given_up()
        self._transport.close()


def connection_of(scope: Scope) -> Connection | None:
    found = (scope.get("extensions") or {}).get(EXTENSION)
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
