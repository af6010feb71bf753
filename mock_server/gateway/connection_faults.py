"""Connection faults: responses that are reset, stalled, truncated or slow on purpose.

An app that is called in process has no connection: a fault then ends the exchange without a response.
"""

from __future__ import annotations

import asyncio
from typing import assert_never

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pass_harness.mock_server.behaviours.effects import ConnectionFault
from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.transport.connection import connection_of

_STALL_S = 300.0
_SLOW_PIECES = 20
_SLOW_PAUSE_S = 0.25


class FaultyResponse(Response):
    """A response that is sent over a failing connection."""

    def __init__(self, whole: Response, fault: ConnectionFault, clock: Clock) -> None:
        super().__init__(bytes(whole.body), whole.status_code)
        self.raw_headers = whole.raw_headers
        self._fault = fault
        self._clock = clock
        self.answers = fault in {ConnectionFault.TRUNCATE, ConnectionFault.SLOW}
        """True if the client receives a status."""

    @property
    def sent(self) -> bytes:
        """The part of the body that the client receives if it receives a status."""
        body = bytes(self.body)
        return body[: len(body) // 2] if self._fault is ConnectionFault.TRUNCATE else body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = connection_of(scope)
        match self._fault:
            case ConnectionFault.RESET | ConnectionFault.STALL:
                if self._fault is ConnectionFault.STALL:
                    await self._stall(receive)
                if connection is not None:
                    connection.reset()
            case ConnectionFault.TRUNCATE:
                await self._send_half(send)
                if connection is not None:
                    connection.close()
            case ConnectionFault.SLOW:
                await self._send_slowly(send)
            case _:
                assert_never(self._fault)

    async def _stall(self, receive: Receive) -> None:
        """Wait until the client closes the connection, at most `_STALL_S` seconds."""

        async def disconnected() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        _, pending = await asyncio.wait({asyncio.ensure_future(disconnected())}, timeout=_STALL_S)
        for task in pending:
            task.cancel()

    async def _send_half(self, send: Send) -> None:
        await self._send_head(send)
        await send({"type": "http.response.body", "body": self.sent, "more_body": True})

    async def _send_slowly(self, send: Send) -> None:
        await self._send_head(send)
        body = bytes(self.body)
        piece = max(1, -(-len(body) // _SLOW_PIECES))
        for start in range(0, len(body), piece):
            await send({"type": "http.response.body", "body": body[start : start + piece], "more_body": True})
            await self._clock.sleep(_SLOW_PAUSE_S)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_head(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
