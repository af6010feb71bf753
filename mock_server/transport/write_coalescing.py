"""Write coalescing: the writes to a connection in one turn of the event loop are sent together, at its end.

Each write wakes the client that reads, which takes about half of the time of the write. A client that is still awake
from an earlier response of the same turn need not be woken again. Uvicorn writes head and body of a response
separately; these are sent together too.
"""

from __future__ import annotations

import asyncio

_MOST_HELD = 65_536
"""Maximum number of bytes to hold back. A longer response is sent in pieces, so that uvicorn sees how fast the client
reads."""


class CoalescingTransport(asyncio.Transport):
    """A transport that sends the bytes of all writes of a turn of the event loop at its end, in order."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[bytes | bytearray | memoryview] = []
        self._size = 0
        self.is_closing = transport.is_closing  # type: ignore[method-assign]  # called several times for each response

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > _MOST_HELD:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._flush()
        self._transport.abort()

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _flush(self) -> None:
        if self._held and not self._transport.is_closing():
            self._transport.write(self._held[0] if len(self._held) == 1 else b"".join(self._held))
        self._held = []
        self._size = 0
