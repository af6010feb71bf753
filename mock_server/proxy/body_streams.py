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
        self._has_ended = False
        self._is_cut = False

    def add(self, chunk: bytes) -> None:
        """Append a chunk of the body, up to the limit."""
        room = self._limit - len(self._content)
        self._content += chunk[:room]
        self._is_cut = self._is_cut or len(chunk) > room

    def end(self) -> None:
        """Note that the body has no further chunks."""
        self._has_ended = True

    def decompress(self, headers: Headers) -> tuple[bytes, bool]:
        """Return the copy, decompressed (Content-Encoding) up to the same limit, and whether it is the whole body.

        The copy of a body in an unknown encoding is empty.
        """
        encoding = dict(headers).get(b"content-encoding", b"").decode("latin-1")
        body = decompress(bytes(self._content), encoding, self._limit)
        is_whole = self._has_ended and not self._is_cut
        if body is None:
            return b"", is_whole and not self._content
        return body, is_whole and (len(body) < self._limit or not encoding)


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
        self.mark_read()

    def mark_read(self) -> None:
        """Note that the request has no more of a body, or none at all."""
        self._copy.end()
        self._read.set()

    async def wait_for_disconnect(self) -> None:
        """Wait until the client closes the connection after its request."""
        await self._read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
