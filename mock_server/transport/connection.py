"""The TCP connection of a request: its identifier, and the means to break it on purpose.

Uvicorn hides the transport from the app, so `BoundedProtocol` puts a `ClientConnection` into the scope. An app called
in process has none: the faults that need one then end the exchange as if the client had hung up.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from collections.abc import Callable

from starlette.types import Scope

EXTENSION = "pass_harness.connection"
"""Where a scope has it."""
_LINGER_NOT = struct.pack("ii", 1, 0)
_numbers = itertools.count(1)


class ClientConnection:
    """One TCP connection; ``id`` is given once in the life of the process."""

    def __init__(self, transport: asyncio.Transport, given_up: Callable[[], None]) -> None:
        """``given_up`` is called when an answer that may be under way is no longer to come, or not whole."""
        self.id = f"c{next(_numbers)}"
        self._transport = transport
        self._given_up = given_up

    @property
    def gone(self) -> bool:
        """Whether the peer has hung up."""
        return self._transport.is_closing()

    def reset(self) -> None:
        """Breaks it at once: the peer reads a reset, not an end. Nothing happens if the peer has gone by itself."""
        self._given_up()
        if self._transport.is_closing():
            return
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()

    def close(self) -> None:
        """Ends it after what was sent."""
        self._given_up()
        self._transport.close()


def connection_of(scope: Scope) -> ClientConnection | None:
    found = (scope.get("extensions") or {}).get(EXTENSION)
    return found if isinstance(found, ClientConnection) else None
