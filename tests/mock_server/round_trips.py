"""A relay in front of Redis that counts sequential round trips: times at which the client waits for the server."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class RoundTrips:
    """A TCP relay on a free port of 127.0.0.1, as an asynchronous context manager.

    Commands that are sent together, on one connection or on several, are one round trip.
    """

    def __init__(self, port: int) -> None:
        """``port`` is that of the server, on 127.0.0.1."""
        self.count = 0
        self._target = port
        self._answered = True
        """Whether the server has sent anything since the last round trip began."""
        self._server: asyncio.Server
        self._relays: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for relay in self._relays:
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        for relay in (self._relay(client, to_server, self._sent), self._relay(server, to_client, self._received)):
            self._relays.add(asyncio.create_task(relay))

    async def _relay(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, seen: object) -> None:
        assert callable(seen)
        try:
            while data := await source.read(1 << 20):
                seen()
                to.write(data)
                await to.drain()
        finally:
            to.close()

    def _sent(self) -> None:
        self.count += self._answered
        self._answered = False

    def _received(self) -> None:
        self._answered = True
