"""The exchange: one request with its response, as the mock saw it.

The journal is the sequence of exchanges. Conformance rules judge exchanges. A recorded trace has one exchange per
line as JSON. docs/reference/journal.md lists the fields; later versions may add fields but never remove one.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")

BodyName = Literal["request_body", "response_body"]


class RecordEnded(msgspec.Struct, frozen=True, kw_only=True):
    """Last line of a trace that reached its size limit: the trace has no later exchanges."""

    record_ended: str
    """Reason."""
    at: int
    wall: float
    """Arrival of the first exchange that is not in the trace, as in `Exchange`."""


class SpaceReset(msgspec.Struct, frozen=True, kw_only=True):
    """Line of a trace: a space was reset, so that it has forgotten what the exchanges before this time have done."""

    reset_space: str
    """Name of the space."""
    at: int
    wall: float
    """Time of the reset, as in `Exchange`."""


class Stall(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which the event loop of a mock's process did not run, so that requests to the process waited.

    ``at`` and ``wall`` are its begin: in milliseconds since the epoch on the machine's clock, and as in `Exchange`.
    """

    stalled_ms: Annotated[float, msgspec.Meta(ge=0)]
    """Duration in milliseconds."""
    at: Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
    wall: float

    @property
    def end_s(self) -> float:
        """The end, in seconds on the scale of ``wall``."""
        return self.wall + self.stalled_ms / 1000


class ExchangeMetadata(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Data of an exchange that is neither in its request nor in its response, and that HAR has no member for.

    ``wall`` is the arrival in seconds of a monotonic clock; it serves to measure intervals.
    """

    id: int
    space: str
    wall: float
    lag_ms: float
    """Maximum delay of the mock's event loop in milliseconds while the request was in progress and just before.

    The request may have waited for the mock, and so arrived earlier than ``wall`` by as much."""
    endpoint: str
    """Id of the endpoint (``profiles.code``); empty if no endpoint has this path."""
    peer: str
    """Address and port of the client, such as ``127.0.0.1:50312``."""
    service_provider: str | None = None
    mvpd: str | None = None
    code: str | None = None
    client_id: str | None = None
    device: str | None = None
    """Device identifier, decoded from AP-Device-Identifier; for a request by code, that of the session."""
    ip: str
    """IP address that the rate limit counts by: the first of X-Forwarded-For, else the peer's."""
    behaviours: tuple[str, ...] = ()
    """Ids of the behaviours that took effect."""
    server: str = ""
    """Address and port of the mock that received the request; it identifies the data centre."""
    lacks: tuple[BodyName, ...] = ()
    """Bodies that were on the wire and are not here, or only in part: longer than the journal keeps, not read because
    they were too long, broken off or in an unknown encoding, or left out of an archive."""
    replay_of: int | None = None
    """Id of the exchange that a user of the mock has sent again, so that this one is none of a service."""


class Exchange(ExchangeMetadata, frozen=True, kw_only=True, gc=False):
    """One request to the mock and its response.

    ``at`` is the arrival in milliseconds since the epoch on the clock of the space, which tests may advance. Header
    names are lower case, and repeated headers are joined by ", " (RFC 9110, 5.3). The journal replaces bearer tokens,
    client secrets, software statements and media tokens by ``sha256:`` and the first 16 hexadecimal digits of their
    digest, so that equal secrets stay equal.
    """

    at: int
    duration_ms: float
    method: str
    path: str
    """Path as sent, without the prefix of the space."""
    query: str
    request_headers: dict[str, str]
    request_body: str
    status: int
    """HTTP status; 0 if the connection broke before the response had one."""
    response_headers: dict[str, str]
    response_body: str
    connection: str
    """Id of the TCP connection, the same for all of its exchanges."""

    @property
    def trace_id(self) -> str:
        """Trace id of the header ``traceparent`` (W3C Trace Context, 3.2): 32 hexadecimal digits, or empty."""
        sent = _TRACEPARENT.fullmatch(self.request_headers.get("traceparent", ""))
        return sent[1] if sent else ""
