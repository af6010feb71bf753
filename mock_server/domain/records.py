"""What the store keeps. Times in milliseconds since the epoch unless they say otherwise."""

from __future__ import annotations

from typing import Any

import msgspec

from pass_harness.mock_server.adobe.enums import ProfileType, SessionParameter
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.store import Table


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A registered client: the credentials of one use of a software statement. ``issued_at`` in seconds."""

    id: str
    secret: str
    application: str
    service_providers: tuple[str, ...]
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    issued_at: int


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """An access token as it was issued; stored by its digest."""

    client_id: str
    not_after: int
    revoked: bool = False


class Issued(msgspec.Struct, frozen=True):
    """How many access tokens a client was issued within a second (since the epoch)."""

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
    """A newer session of the same device ended this one."""
    completed: bool = False
    """A viewer logged in with the code."""
    device_info: dict[str, Any] | None = None
    user_agent: str = ""
    ip: str = ""
    port: str = ""

    @property
    def service_provider(self) -> str:
        return self.viewer.service_provider

    def missing(self) -> tuple[SessionParameter, ...]:
        """The parameters without which nobody can log in, by their names in requests."""
        given: dict[SessionParameter, str | None] = {
            "mvpd": self.mvpd,
            "domainName": self.domain_name,
            "redirectUrl": self.redirect_url,
        }
        return tuple(name for name, value in given.items() if value is None)

    def existing(self) -> dict[str, str]:
        given = {"mvpd": self.mvpd, "domainName": self.domain_name, "redirectUrl": self.redirect_url}
        return {
            **{name: value for name, value in given.items() if value is not None},
            "serviceProvider": self.service_provider,
        }


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A viewer logged in with one MVPD. An ended one is kept, so that decisions can say why."""

    viewer: Viewer
    mvpd: str
    username: str
    not_before: int
    not_after: int
    issuer: str
    type: ProfileType
    home_based: bool = False
    """Obtained by home-based authentication: it permits only at home."""
    authorized: bool = False
    """The MVPD has authorized something since, and told the metadata that it tells only then."""
    ended: bool = False
    """The MVPD ended it before its time."""

    def valid(self, now_ms: int) -> bool:
        return not self.ended and now_ms < self.not_after


class Permit(msgspec.Struct, frozen=True):
    """A permit of the MVPD for one resource: within its time the MVPD is not asked again."""

    not_before: int
    not_after: int


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """The use of a TempPass by one device or identity; it starts with the first authorize request."""

    started: int
    not_after: int
    resources: tuple[str, ...] = ()


class IntegrationState(msgspec.Struct, frozen=True):
    """Whether an integration of the catalogue is switched on."""

    enabled: bool


class RotatedKeys(msgspec.Struct, frozen=True):
    """The private keys (PEM) that took the place of a configured one, the latest first."""

    pems: tuple[str, ...]


class Bucket(msgspec.Struct, frozen=True):
    """A throttle bucket: its theoretical arrival time in ms."""

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
