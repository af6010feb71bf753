"""Request and response bodies in the proxy: streamed chunk by chunk, with a bounded copy for the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Receive

from pass_harness.mock_server.formats.content_encoding import decompress
from pass_harness.mock_server.proxy.upstream import Headers


class ClientGone(Exception):
    """The client closed the connection before the end of its request."""


class BodyCopy:
    """A copy of the beginning of a body, at most ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Append a chunk of the body, up to the limit."""
        if len(self._content) < self._limit:
            self._content += chunk[: self._limit - len(self._content)]

    def decompress(self, headers: Headers) -> bytes:
        """Return the copy, decompressed (Content-Encoding) up to the same limit; empty for an unknown encoding."""
        encoding = dict(headers).get(b"content-encoding", b"").decode("latin-1")
        return decompress(bytes(self._content), encoding, self._limit) or b""


class RequestBody:
    """A streamed request body, with the disconnect of its client."""

    def __init__(self, receive: Receive, copy: BodyCopy) -> None:
        self._receive = receive
        self._copy = copy
        self._read = asyncio.Event()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body; ClientGone if the client closes the connection before the end."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk: bytes = message.get("body", b"")
            self._copy.add(chunk)
            more = message.get("more_body", False)
            if chunk:
                yield chunk
        self._read.set()

    def mark_empty(self) -> None:
        """Mark the body as read, for a request without one."""
        self._read.set()

    async def wait_for_disconnect(self) -> None:
        """Wait until the client closes the connection after its request."""
        await self._read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
