"""Reading a request off ASGI, with bounds."""

from __future__ import annotations

import msgspec
from starlette.types import Receive, Scope

from mock_server.connection import connection_of

_DRAIN_BYTES = 64 * 1_048_576
"""So much of a body that is too large is read and thrown away, so that its sender gets to see the answer."""


class Inbound(msgspec.Struct, frozen=True, gc=False):
    """A request as it came in: the path without the prefix of the space, header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    peer_host: str
    peer_port: int
    origin: str
    """Scheme and host as the caller addressed them."""
    prefix: str
    """The prefix of the space: ``/~build-42``, or nothing."""
    connection: str
    """Tells TCP connections apart."""
    server: str
    """Address and port that the caller connected to."""

    @property
    def base_url(self) -> str:
        """Scheme, host and prefix of the space, without a slash at the end."""
        return self.origin + self.prefix


class BodyTooLarge(Exception):
    """The body is longer than allowed; ``inbound`` is the request without it."""

    def __init__(self, inbound: Inbound) -> None:
        super().__init__("body too large")
        self.inbound = inbound


async def read_inbound(scope: Scope, receive: Receive, limit: int) -> Inbound:
    """The request with its whole body; BodyTooLarge if that has more than ``limit`` bytes."""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more and size <= _DRAIN_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
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
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    host, port = scope.get("client") or ("unknown", 0)
    server = ":".join(map(str, scope.get("server") or ("localhost",)))
    connection = connection_of(scope)
    return Inbound(
        method=scope["method"],
        path=scope["space_path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
        peer_host=host,
        peer_port=port,
        origin=f"{scope['scheme']}://{headers.get('host') or server}",
        prefix=scope["space_prefix"],
        connection=connection.id if connection else f"{host}:{port}",
        server=server if scope.get("server") else "",
    )
