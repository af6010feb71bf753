"""Answers of control calls: the mock encodes these structs, and the clients decode them.

docs/reference/control-api.md describes them. A new version adds members; it renames and removes none.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.exchange import Exchange, Stall
from pass_harness.mock_server.signing.keys import KeyName
from pass_harness.mock_server.signing.media_tokens import MediaToken, Status


class Health(msgspec.Struct):
    """The health of a mock.

    ``now`` is the time of the space (ms since the epoch); ``wall`` is a time of the monotonic clock, as
    ``Exchange.wall`` (s).
    """

    status: str
    now: int
    wall: float


class ReplayedExchange(msgspec.Struct):
    """The exchange that a replay led to: its id and status, and the id of the original."""

    id: int
    status: int
    replay_of: int


class ClockState(msgspec.Struct):
    """The clock of a space: ``now`` (ms since the epoch), and ``offset``, the sum of all advances (ms)."""

    now: int
    offset: int


class ListedIntegration(msgspec.Struct):
    """The switches of an integration of a service provider with an MVPD, for devices of an unknown platform."""

    service_provider: str
    mvpd: str
    enabled: bool
    home_based_authentication: bool


class CatalogueContents(msgspec.Struct):
    """The catalogue of a space: entries as in the configuration, subscribers without their passwords."""

    service_providers: list[dict[str, Any]]
    mvpds: list[dict[str, Any]]
    applications: list[dict[str, Any]]
    """Each with ``approved``, as control calls left it."""
    subscribers: list[dict[str, Any]]
    integrations: list[ListedIntegration]


class ApplicationApproval(msgspec.Struct):
    """The approval of an application, and the number of clients that the call ended."""

    application: str
    approved: bool
    ended: int


class ExchangePage(msgspec.Struct):
    """A page of the journal; ``next`` is the value of `after` for the following page."""

    exchanges: list[Exchange]
    next: int


class HarArchive(msgspec.Struct):
    """The journal as HAR 1.2."""

    log: dict[str, Any]


class Findings(msgspec.Struct):
    """The results of the live rules.

    ``rules`` are those of report.json; ``judged`` and ``waiting`` count exchanges; ``stopped`` is the reason why
    judging has stopped.
    """

    rules: list[dict[str, Any]]
    judged: int
    waiting: int
    stopped: str | None


class StallList(msgspec.Struct):
    """The latest stalls of the mock, oldest first, and the number of all."""

    stalls: list[Stall]
    all: int


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


class SessionPage(msgspec.Struct):
    """A page of sessions; ``next`` is the value of `after` for the following page, None at the end."""

    sessions: list[ListedSession]
    all: int
    next: int | None
    now: int


class CompletedLogin(msgspec.Struct):
    """A login that a control call completed."""

    code: str
    mvpd: str
    username: str


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


class SsoProfilePage(msgspec.Struct):
    """A page of SSO profiles; members as in `SessionPage`."""

    sso_profiles: list[ListedSsoProfile] = msgspec.field(name="sso-profiles")
    all: int
    next: int | None
    now: int


class Bucket(msgspec.Struct):
    """The rate limit bucket of an IP address.

    ``tokens`` is the number of requests left, ``next_allowed`` the time of the next one (ms since the epoch). Both
    are None for the bucket of a behaviour (``special``).
    """

    ip: str
    special: bool
    tokens: int | None
    next_allowed: int | None


class BucketPage(msgspec.Struct):
    """The rate limit buckets of a page of addresses; ``limit`` is the rate limit of the mock, None without one."""

    buckets: list[Bucket]
    all: int
    next: int | None
    limit: Limit | None
    now: int


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


class BehaviourList(msgspec.Struct):
    """All behaviours of a space, in the order in which they were added."""

    behaviours: list[ListedBehaviour]


class AddedBehaviours(msgspec.Struct):
    """The id of a new behaviour, the ids of all that the call added, and what is doubtful about their match."""

    id: str
    ids: list[str]
    warnings: list[str]


class SwitchedBehaviour(msgspec.Struct):
    """A behaviour that a call enabled or disabled."""

    id: str
    enabled: bool


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


class PublicKey(msgspec.Struct):
    """A JSON Web Key (RFC 7517); ``name`` and ``retired`` are members specific to the mock."""

    kty: str
    use: str
    alg: str
    kid: str
    n: str
    e: str
    name: str
    retired: bool


class PublicKeys(msgspec.Struct):
    """The public keys of a space as a JWKS (RFC 7517)."""

    keys: list[PublicKey]


class RotatedKey(msgspec.Struct):
    """A key that a call rotated, and the thumbprint of its successor (RFC 7638)."""

    key: KeyName
    kid: str


class RevokedTokens(msgspec.Struct):
    """The number of access tokens that a call revoked."""

    revoked: int


class EndedProfiles(msgspec.Struct):
    """The number of profiles that a call ended."""

    ended: int


class SpaceList(msgspec.Struct):
    """The names of the spaces."""

    spaces: list[str]


class Refusal(msgspec.Struct):
    """The error of a control call: one sentence."""

    error: str


class Event(msgspec.Struct):
    """One server-sent event: ``exchange``, ``finding``, ``missed``, ``reset`` or ``end``, with its data."""

    id: str
    event: str
    data: dict[str, Any]
