"""Reading a request off ASGI, with bounds."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from starlette.types import Receive, Scope

from pass_harness.mock_server.transport.connection import connection_of
from pass_harness.mock_server.transport.fast_path import read_whole
from pass_harness.mock_server.transport.raw_headers import RawHeaders, decoded

_DRAIN_BYTES = 64 * 1_048_576
"""So much of a body that is too large is read and thrown away, so that its sender gets to see the answer."""


class Inbound(msgspec.Struct, frozen=True, gc=False):
    """A request as it came in, as much of it undecoded as nobody has asked for. The path is without the prefix."""

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
    """Tells TCP connections apart."""
    server: str
    """Address and port that the caller connected to."""

    @property
    def headers(self) -> dict[str, str]:
        """By name, the values of repeated ones joined."""
        return decoded(self.raw_headers)

    @property
    def origin(self) -> str:
        """Scheme and host as the caller addressed them."""
        return f"{self.scheme}://{self.headers.get('host') or self.server or 'localhost'}"

    @property
    def base_url(self) -> str:
        """Scheme, host and prefix of the space, without a slash at the end."""
        return self.origin + self.prefix


class BodyLost(Exception):
    """The body cannot be had; ``inbound`` is the request without it."""

    def __init__(self, inbound: Inbound) -> None:
        super().__init__(type(self).__name__)
        self.inbound = inbound


class BodyTooLarge(BodyLost):
    """It is longer than allowed."""


class BodyBrokenOff(BodyLost):
    """The peer hung up before its end, so nobody knows what was meant."""


async def read_inbound(scope: Scope, receive: Receive, limit: int) -> Inbound:
    """The request with its whole body, if that has no more than ``limit`` bytes; else BodyLost."""
    whole = read_whole(receive)
    if whole is not None:
        if len(whole) > limit:
            raise BodyTooLarge(inbound_of(scope, b""))
        return inbound_of(scope, whole)
    chunks: list[bytes] = []
    size = 0
    more = True
    while more and size <= _DRAIN_BYTES:
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
    """The request of a scope, with a body that was read already."""
    host, port = scope.get("client") or ("unknown", 0)
    connection = connection_of(scope)
    return Inbound(
        method=scope["method"],
        path=scope["space_path"],
        query=scope["query_string"].decode("latin-1"),
        raw_headers=scope["headers"],
        body=body,
        peer_host=host,
        peer_port=port,
        scheme=scope["scheme"],
        prefix=scope["space_prefix"],
        connection=connection.id if connection else f"{host}:{port}",
        server=_address(tuple(scope.get("server") or ())),
    )


@lru_cache(maxsize=64)
def _address(server: tuple[str | int | None, ...]) -> str:
    """Of a listening socket, as ``HOST:PORT``."""
    return ":".join(map(str, server))
