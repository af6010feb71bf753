"""Bodies on their way through the proxy: passed on piece by piece, with a bounded copy for the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Receive

from pass_harness.mock_server.formats.content_encoding import decompress
from pass_harness.mock_server.proxy.upstream import Headers


class ClientGone(Exception):
    """The client hung up before its request was whole."""


class Copy:
    """The beginning of a body."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()

    def add(self, piece: bytes) -> None:
        if len(self._kept) < self._limit:
            self._kept += piece[: self._limit - len(self._kept)]

    def unpacked(self, headers: Headers) -> bytes:
        """What was copied, unpacked as Content-Encoding says, to the same limit; nothing of an unknown coding."""
        encoding = dict(headers).get(b"content-encoding", b"").decode("latin-1")
        return decompress(bytes(self._kept), encoding, self._limit) or b""


class RequestBody:
    """The body of a request as it comes in, and the news that its client is gone."""

    def __init__(self, receive: Receive, copy: Copy) -> None:
        self._receive = receive
        self._copy = copy
        self._read = asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body; ClientGone if it has no end."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            self._copy.add(piece)
            more = message.get("more_body", False)
            if piece:
                yield piece
        self._read.set()

    def is_none(self) -> None:
        """There is nothing to read."""
        self._read.set()

    async def gone(self) -> None:
        """Returns when the client hangs up after its request."""
        await self._read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
