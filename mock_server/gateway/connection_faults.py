"""Connection faults: answers that are reset, stalled, truncated or slow on purpose.

Without a connection (an app that is called in process) the exchange ends as if the peer had gone.
"""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pass_harness.mock_server.behaviours.effects import ConnectionFault
from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.transport.connection import connection_of

_STALL_SECONDS = 300.0
_SLOW_PIECES = 20
_SLOW_PAUSE = 0.25


class FaultyResponse(Response):
    """A response that is sent over a connection which fails in the given way."""

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
