"""A connection of a client without a socket, which notes how the mock ends it."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from pass_harness.mock_server.transport.connection import EXTENSION, ClientConnection


class RecordedConnection(ClientConnection):
    """A connection that carries each request of `over`; ``ended`` has ``reset`` and ``close``."""

    def __init__(self, *, gone: bool = False, waited_ms: float = 0.0) -> None:
        self.id = "c1"
        self.waited_ms = waited_ms
        self.ended: list[str] = []
        self._gone = gone

    @property
    def gone(self) -> bool:
        return self._gone

    def reset(self) -> None:
        self.ended.append("reset")

    def close(self) -> None:
        self.ended.append("close")

    def over(self, app: ASGIApp) -> ASGIApp:
        """Return an app whose requests come over this connection."""

        async def connected(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "extensions": {EXTENSION: self}}, receive, send)

        return connected
