"""Requests as the mock receives them, with a limit on the size of the body."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from starlette.types import Receive, Scope

from pass_harness.mock_server.transport.connection import connection_of
from pass_harness.mock_server.transport.raw_headers import RawHeaders, decoded, interned, size_of

_DRAIN_BYTES = 64 * 1_048_576
"""Bytes of an oversized body that are read and dropped, so that the client gets to read the response."""


class Inbound(msgspec.Struct, frozen=True, gc=False):
    """A request. Its headers are decoded on access. The path is without the prefix of the space."""

    method: str
    path: str
    query: str
    raw_headers: RawHeaders
    body: bytes
    peer_host: str
    peer_port: int
    scheme: str
    prefix: str
    """The prefix of the space: ``/~build-42``, or nothing."""
    connection: str
    """Identifier of the TCP connection, or the peer's host and port for an app that is called in process."""
    server: str
    """Address and port that the client connected to, as ``HOST:PORT``."""
    waited_ms: float = 0.0
    """Milliseconds that the first request of a connection may have waited in the kernel for its accept."""
    header_bytes: int = 0
    """Bytes of the names and values of the headers."""

    @property
    def headers(self) -> dict[str, str]:
        """Headers by name in lower case, the values of repeated ones joined."""
        return decoded(self.raw_headers)

    @property
    def peer(self) -> str:
        """Address and port of the client, as ``HOST:PORT``."""
        return host_and_port(self.peer_host, self.peer_port)

    @property
    def origin(self) -> str:
        """Scheme and host as the client, or a proxy before the mock, addressed them."""
        return f"{self.scheme}://{self.headers.get('host') or self.server or 'localhost'}"


class BodyLost(Exception):
    """Failure to read the body; ``inbound`` is the request without it."""

    def __init__(self, inbound: Inbound) -> None:
        super().__init__(type(self).__name__)
        self.inbound = inbound


class BodyTooLarge(BodyLost):
    """A body above the limit."""


class BodyBrokenOff(BodyLost):
    """A body that ends early because the client closed the connection."""


async def read_inbound(scope: Scope, receive: Receive, limit: int) -> Inbound:
    """Return the request with its body; raise BodyLost for one of more than ``limit`` bytes, or broken off."""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more and size <= max(limit, _DRAIN_BYTES):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyBrokenOff(inbound_of(scope, b""))
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        more = message.get("more_body", False)
    if size > limit:
        raise BodyTooLarge(inbound_of(scope, b""))
    return inbound_of(scope, b"".join(chunks))


def inbound_of(scope: Scope, body: bytes) -> Inbound:
    """Return the request of a scope, with a body that was read already."""
    host, port = scope.get("client") or ("unknown", 0)
    connection = connection_of(scope)
    waited_ms = 0.0
    if connection is not None:
        waited_ms, connection.waited_ms = connection.waited_ms, 0.0
    header_bytes = size_of(scope["headers"])
    return Inbound(
        method=scope["method"],
        path=scope["space_path"],
        query=scope["query_string"].decode("latin-1"),
        raw_headers=interned(scope["headers"], header_bytes),
        body=body,
        peer_host=host,
        peer_port=port,
        scheme=scope["scheme"],
        prefix=scope["space_prefix"],
        connection=connection.id if connection else host_and_port(host, port),
        server=_address(tuple(scope.get("server") or ())),
        waited_ms=waited_ms,
        header_bytes=header_bytes,
    )


@lru_cache(maxsize=64)
def _address(server: tuple[str | int | None, ...]) -> str:
    """Return the address of a listening socket as ``HOST:PORT``."""
    return host_and_port(*server) if len(server) == 2 else ""


def host_and_port(host: object, port: object) -> str:
    """Return ``HOST:PORT``, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
