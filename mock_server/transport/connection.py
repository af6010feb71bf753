"""The TCP connection beneath a request, which ASGI hides from the app.

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
_LINGER_NOT = struct.pack("ii", 1, 0)
_numbers = itertools.count(1)


class ClientConnection:
    """A TCP connection, with an ``id`` that no other one of the process has."""

    def __init__(self, transport: asyncio.Transport, given_up: Callable[[], None]) -> None:
        """``given_up`` is called before the connection ends on purpose, maybe without the rest of an answer."""
        self.id = f"c{next(_numbers)}"
        self._transport = transport
        self._given_up = given_up

    @property
    def gone(self) -> bool:
        """True once the peer has hung up, or the connection was ended here."""
        return self._transport.is_closing()

    def reset(self) -> None:
        """Break the connection at once: the peer reads a reset. A connection that the peer has ended stays ended."""
        self._given_up()
        if self._transport.is_closing():
            return
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()

    def close(self) -> None:
        """End the connection after the bytes that were written."""
        self._given_up()
        self._transport.close()


def connection_of(scope: Scope) -> ClientConnection | None:
    """Return the connection of a request; None for an app that is called in process."""
    found = (scope.get("extensions") or {}).get(EXTENSION)
    return found if isinstance(found, ClientConnection) else None
