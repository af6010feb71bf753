"""Answers of control calls: the mock encodes these structs, and the clients decode them.

docs/reference/control-api.md describes them. A new version adds members; it renames and removes none.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.signing.media_tokens import MediaToken, Status


class Health(msgspec.Struct):
    """The health of a mock.

    ``now`` is the time of the space (ms since the epoch); ``wall`` is a time of the monotonic clock, as
    ``Exchange.wall`` (s).
    """

    status: str
    now: int
    wall: float


class ClockState(msgspec.Struct):
    """The clock of a space: ``now`` (ms since the epoch), and ``offset``, the sum of all advances (ms)."""

    now: int
    offset: int


class ExchangePage(msgspec.Struct):
    """A page of the journal; ``next`` is the value of `after` for the following page."""

    exchanges: list[Exchange]
    next: int


class Findings(msgspec.Struct):
    """The results of the live rules.

    ``rules`` are those of report.json; ``judged`` and ``waiting`` count exchanges; ``stopped`` is the reason why
    judging has stopped.
    """

    rules: list[dict[str, Any]]
    judged: int
    waiting: int
    stopped: str | None


class ListedSession(msgspec.Struct):
    """An authentication session; ``state`` is incomplete, pending, completed, replaced or expired."""

    code: str
    state: str
    missing: list[str]
    service_provider: str
    mvpd: str | None
    device: str
    client_id: str
    ip: str
    not_before: int
    not_after: int


class ListedSsoDevice(msgspec.Struct):
    """A device of an SSO profile; ``state`` is regular (it made a login), sso (it shares one) or unlinked."""

    device: str
    state: str
    last_seen: int


class ListedSsoProfile(msgspec.Struct):
    """An SSO profile of the SSO Service.

    ``subject`` is a digest of the common identifier (X-SSO-ID); ``mvpds`` are those of the shared logins.
    """

    service_provider: str
    subject: str
    mvpds: list[str]
    devices: list[ListedSsoDevice]


class Bucket(msgspec.Struct):
    """The rate limit bucket of an IP address.

    ``tokens`` is the number of requests left, ``next_allowed`` the time of the next one (ms since the epoch). Both
    are None for the bucket of a behaviour (``special``).
    """

    ip: str
    special: bool
    tokens: int | None
    next_allowed: int | None


class NearMiss(msgspec.Struct, kw_only=True):
    """Why a behaviour has no hit: the request that comes nearest to it, and what differs.

    Without such a request, ``exchange`` is None, and ``endpoint`` and ``request`` are empty.
    """

    exchange: int | None
    """Id of the request in the journal."""
    endpoint: str
    request: str
    """Method and path."""
    reasons: list[str]


class ListedBehaviour(msgspec.Struct):
    """A behaviour as it was added, with its hits and its state; ``over`` is True once it has ended."""

    id: str
    effect: dict[str, Any]
    hits: int
    enabled: bool
    over: bool
    match: dict[str, str] = {}
    times: int | None = None
    for_: str | None = msgspec.field(default=None, name="for")
    after: int = 0
    probability: float | None = None
    seed: int | None = None
    near_miss: NearMiss | None = None
    """None once the behaviour has a hit."""


class DataCentresState(msgspec.Struct):
    """The simulated data centres.

    The DNS server at ``dns`` resolves ``name`` to the ``active`` one of ``addresses``; ``queries`` counts its queries
    for the name.
    """

    name: str
    addresses: list[str]
    active: str
    queries: int
    dns: str = ""


class MediaTokenVerdict(msgspec.Struct):
    """The verdict of Adobe's Media Token Verifier, with the claims of the token if it can be read."""

    status: Status
    token: MediaToken | None


class Event(msgspec.Struct):
    """One server-sent event: ``exchange``, ``finding``, ``missed``, ``reset`` or ``end``, with its data."""

    id: str
    event: str
    data: dict[str, Any]
