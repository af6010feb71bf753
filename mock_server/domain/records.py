"""Records in the store and their tables. Times are in milliseconds since the epoch unless noted."""

from __future__ import annotations

from typing import Any

import msgspec

from pass_harness.mock_server.adobe.enums import ProfileType, SessionParameter
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.store import Table


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A registered client and its credentials. ``issued_at`` in seconds since the epoch."""

    id: str
    secret: str
    application: str
    service_providers: tuple[str, ...]
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    issued_at: int


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """An issued access token; the table's key is the digest of the token."""

    client_id: str
    not_after: int
    revoked: bool = False


class Issued(msgspec.Struct, frozen=True):
    """Number of access tokens issued to a client within one second (since the epoch)."""

    second: int
    tokens: int


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An authentication session and its code."""

    code: str
    session_id: str
    viewer: Viewer
    not_before: int
    not_after: int
    mvpd: str | None = None
    domain_name: str | None = None
    redirect_url: str | None = None
    replaced: bool = False
    """Whether a newer session of the same device ended this one."""
    completed: bool = False
    """Whether a viewer logged in with the code."""
    device_info: dict[str, Any] | None = None
    user_agent: str = ""
    ip: str = ""
    port: str = ""

    @property
    def service_provider(self) -> str:
        return self.viewer.service_provider

    def missing(self) -> tuple[SessionParameter, ...]:
        """Return the names of the parameters that the login still needs, as in requests."""
        given: dict[SessionParameter, str | None] = {
            "mvpd": self.mvpd,
            "domainName": self.domain_name,
            "redirectUrl": self.redirect_url,
        }
        return tuple(name for name, value in given.items() if value is None)

    def existing(self) -> dict[str, str]:
        """Return the parameters of the session, by their names in requests."""
        given = {"mvpd": self.mvpd, "domainName": self.domain_name, "redirectUrl": self.redirect_url}
        return {
            **{name: value for name, value in given.items() if value is not None},
            "serviceProvider": self.service_provider,
        }


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A viewer's login with one MVPD. The store keeps ended profiles, so that decisions give the reason."""

    viewer: Viewer
    mvpd: str
    username: str
    not_before: int
    not_after: int
    issuer: str
    type: ProfileType
    home_based: bool = False
    """Whether home-based authentication created the profile; authorizations then need a home address."""
    authorized: bool = False
    """Whether the MVPD has permitted a resource since the login."""
    ended: bool = False
    """Whether the MVPD ended it before its expiry."""

    def valid(self, now_ms: int) -> bool:
        return not self.ended and now_ms < self.not_after


class Permit(msgspec.Struct, frozen=True):
    """A cached permit of the MVPD for one resource."""

    not_before: int
    not_after: int


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Trial of a TempPass by one device or identity; starts with the first authorize request."""

    started: int
    not_after: int
    resources: tuple[str, ...] = ()


class IntegrationState(msgspec.Struct, frozen=True):
    """State of an integration that a control call enabled or disabled."""

    enabled: bool


class RotatedKeys(msgspec.Struct, frozen=True):
    """Private keys (PEM) from rotations, the latest first."""

    pems: tuple[str, ...]


class Bucket(msgspec.Struct, frozen=True):
    """Bucket of the rate limit: its theoretical arrival time (TAT) in ms."""

    tat: float


CLIENTS = Table("clients", Client)
ACCESS_TOKENS = Table("access_tokens", AccessToken)
ISSUED = Table("issued", Issued)
SESSIONS = Table("sessions", Session)
LATEST_SESSION = Table("latest_session", Session)
PROFILES = Table("profiles", Profile)
PERMITS = Table("permits", Permit)
TRIALS = Table("trials", Trial)
INTEGRATIONS = Table("integrations", IntegrationState)
ROTATED_KEYS = Table("rotated_keys", RotatedKeys)
BUCKETS = Table("buckets", Bucket)
