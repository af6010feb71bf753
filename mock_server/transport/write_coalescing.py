"""Answers leave together: what is answered in one turn of the event loop is written at its end.

Written each as it is ready, answers find their readers asleep again and again; written together, only the first one
does. To write was a fifth of the time of a poll, half of it to wake who reads. And requests that are worked through
one after the other find in the processor's caches what the one before needed, and not the network's code. With one
request at a time nothing changes.
"""

from __future__ import annotations

import asyncio

_MOST_HELD = 65_536
"""Bytes that are held back: a long answer leaves piece by piece, and uvicorn sees how much of it was taken off."""


class Departure(asyncio.Transport):
    """A transport that writes once the loop has done what it was about to do, all in the order of being asked to."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[bytes | bytearray | memoryview] = []
        self._size = 0
        self.is_closing = transport.is_closing  # type: ignore[method-assign]  # asked several times for each answer

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._held:
            self._loop.call_soon(self._leave)
        self._held.append(data)
        self._size += len(data)
        if self._size > _MOST_HELD:
            self._leave()

    def close(self) -> None:
        self._leave()
        self._transport.close()

    def abort(self) -> None:
        self._leave()
        self._transport.abort()

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _leave(self) -> None:
        if self._held and not self._transport.is_closing():
            self._transport.write(self._held[0] if len(self._held) == 1 else b"".join(self._held))
        self._held = []
        self._size = 0
