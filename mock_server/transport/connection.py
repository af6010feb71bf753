"""The TCP connection of a request, which ASGI hides from the app.

`BoundedProtocol` puts a `ClientConnection` into the scope of each request. An app that is called in process has none.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from collections.abc import Callable

from starlette.types import Scope

EXTENSION = "pass_harness.connection"
"""Key of a scope's extensions under which its connection is."""
_NO_LINGER = struct.pack("ii", 1, 0)
_LAST_DATA_RECEIVED = struct.Struct("=52xI")
"""The part of the kernel's ``struct tcp_info`` with the milliseconds since the last data arrived (linux/tcp.h)."""
_numbers = itertools.count(1)


class ClientConnection:
    """A TCP connection with an ``id`` that is unique within the process."""

    def __init__(self, transport: asyncio.Transport, given_up: Callable[[], None]) -> None:
        """``given_up`` is called before the mock ends the connection, possibly within a response."""
        self.id = f"c{next(_numbers)}"
        self.waited_ms = _waited_ms(transport)
        """Milliseconds from the arrival of the first request at the kernel, at most, to the accept of the connection.

        The event loop accepts one connection in a turn: after a stall, hundreds wait for their turn.
        """
        self._transport = transport
        self._given_up = given_up

    @property
    def gone(self) -> bool:
        """True once the client or the mock has closed the connection."""
        return self._transport.is_closing()

    def reset(self) -> None:
        """Reset the connection at once (TCP RST), unless it is closed already."""
        self._given_up()
        if self._transport.is_closing():
            return
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def close(self) -> None:
        """Close the connection after the bytes already written."""
        self._given_up()
        self._transport.close()


def _waited_ms(transport: asyncio.Transport) -> float:
    """Return the milliseconds since the last data arrived, or since the client connected; 0 if unknown."""
    raw, level = transport.get_extra_info("socket"), socket.IPPROTO_TCP
    try:
        info = raw.getsockopt(level, socket.TCP_INFO, _LAST_DATA_RECEIVED.size)
        return float(_LAST_DATA_RECEIVED.unpack(info)[0])
    except (AttributeError, OSError, struct.error):  # another system than Linux, a Unix socket, a closed connection
        return 0.0


def connection_of(scope: Scope) -> ClientConnection | None:
    """Return the connection of a request; None for an app that is called in process."""
    found = (scope.get("extensions") or {}).get(EXTENSION)
    return found if isinstance(found, ClientConnection) else None
