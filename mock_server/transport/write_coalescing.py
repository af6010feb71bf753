"""Write coalescing: what is written to a connection in one turn of the event loop leaves in one piece at its end.

A write wakes the client that reads. Where answers leave one by one as they are ready, clients fall asleep and are
woken between them; at the end of the turn most of them are awake still. An answer's head and body, which uvicorn
writes one by one, leave together too.
"""

from __future__ import annotations

import asyncio

_MOST_HELD = 65_536
"""Bytes to hold back; a longer answer leaves piece by piece, so that uvicorn sees how fast the client reads."""


class CoalescingTransport(asyncio.Transport):
    """A transport that passes bytes on once per turn of the event loop, in the order of the writes."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[bytes | bytearray | memoryview] = []
        self._size = 0
        self.is_closing = transport.is_closing  # type: ignore[method-assign]  # called several times for each answer

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
