"""The exchange: one request with its response, as the mock saw it.

The journal is the sequence of exchanges, conformance rules judge them, and a recorded trace is one exchange
per line as JSON. The fields are listed in docs/reference/journal.md; they only grow.
"""

from __future__ import annotations

import msgspec


class RecordEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of a trace that was not to grow further: exchanges from here on are not in it."""

    record_ended: str
    """Why."""
    at: int
    wall: float
    """When the first exchange arrived that is not in the trace, as in `Exchange`."""


class Beyond(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the mock knows of an exchange besides request and answer. HAR, say, has no place for it.

    ``wall`` is in seconds on a monotonic clock that nothing can move, so intervals are measured with it.
    """

    id: int
    space: str
    wall: float
    lag_ms: float
    """The longest delay of the mock's event loop while this exchange was under way."""
    endpoint: str
    """The endpoint's id (``profiles.code``), or an empty string where no endpoint has this path."""
    peer: str
    """Address and port of the caller, ``127.0.0.1:50312``."""
    service_provider: str | None = None
    mvpd: str | None = None
    code: str | None = None
    client_id: str | None = None
    device: str | None = None
    """The device identifier, decoded from AP-Device-Identifier or, for a code, that of its session."""
    ip: str
    """The address by which Adobe Pass throttles: the first of X-Forwarded-For, else the peer's."""
    behaviours: tuple[str, ...] = ()
    """Ids of the behaviours that took effect."""
    server: str = ""
    """Address and port of the mock that the caller connected to: which data centre it was."""


class Exchange(Beyond, frozen=True, kw_only=True, gc=False):
    """One request to the mock and what the mock answered.

    ``at`` is in milliseconds since the epoch on the clock of the space, which tests may advance. Header names are
    lower case, and repeated headers are joined by ", " (RFC 9110, 5.3). Bearer tokens, client secrets,
    software statements and media tokens are replaced by ``sha256:`` and the first 16 hexadecimal digits of
    their digest: equality survives, the secret does not.
    """

    at: int
    duration_ms: float
    method: str
    path: str
    """The path as sent, without the prefix of the space."""
    query: str
    request_headers: dict[str, str]
    request_body: str
    status: int
    """The HTTP status, or 0 where the connection was broken before there was one."""
    response_headers: dict[str, str]
    response_body: str
    connection: str
    """The same for all exchanges of one TCP connection."""
