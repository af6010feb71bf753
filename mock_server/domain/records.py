"""Records in the store and their tables. Times are in milliseconds since the epoch unless noted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pass_harness.mock_server.adobe import throttle
from pass_harness.mock_server.adobe.device_facts import Platform, device_facts, platform_of
from pass_harness.mock_server.adobe.enums import ProfileType, SessionParameter
from pass_harness.mock_server.domain.viewer import Viewer
from pass_harness.mock_server.store import Caching, Table
from pass_harness.mock_server.store.steps import NamedStep


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A registered client and its credentials. ``issued_at`` in seconds since the epoch."""

    id: str
    secret: str
    application: str
    service_providers: tuple[str, ...]
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    issued_at: int
    ended: bool = False
    """Whether a revocation of the application ended the client."""


class ApplicationState(msgspec.Struct, frozen=True):
    """State of an application that a control call approved or revoked."""

    approved: bool


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
    device_info: dict[str, Any] | None = {}
    """The object in X-Device-Info; empty without the header, None if it could not be decoded."""
    user_agent: str = ""
    ip: str = ""
    port: str = ""

    @property
    def service_provider(self) -> str:
        return self.viewer.service_provider

    @property
    def device_facts(self) -> Mapping[str, Any]:
        """The facts about the streaming device, by the keys of X-Device-Info."""
        return device_facts(self.device_info, self.user_agent)

    @property
    def platform(self) -> Platform:
        """The platform of the streaming device, for the rules of the MVPD."""
        return platform_of(self.device_info, self.user_agent)

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
    login: str = ""
    """Identifier of the login; its permits carry it too."""

    def valid(self, now_ms: int) -> bool:
        return not self.ended and now_ms < self.not_after


class Permit(msgspec.Struct, frozen=True):
    """A cached permit of the MVPD for one resource, for the viewer of one login."""

    not_before: int
    not_after: int
    login: str = ""

    def covers(self, profile: Profile, now_ms: int) -> bool:
        """Return whether it permits the viewer of a profile, without another question to the MVPD."""
        return self.login == profile.login and now_ms < self.not_after


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Trial of a TempPass; starts with the first authorize request."""

    started: int
    not_after: int
    resources: tuple[str, ...] = ()


class TrialKey(msgspec.Struct, frozen=True):
    """Trial of a device or of an identity, by its id."""

    trial: str


class BrowserSession(msgspec.Struct, frozen=True):
    """Session of an MVPD in a viewer's browser; the table's key is the value of its cookie."""

    mvpd: str
    username: str
    not_after: int


class LinkCode(msgspec.Struct, frozen=True, kw_only=True):
    """A link code of the SSO Service, for one device more of the SSO profile of ``subject``."""

    service_provider: str
    subject: str
    not_after: int
    used: bool = False


class SsoDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device of an SSO profile. The store keeps unlinked devices: their service tokens are still valid."""

    service_provider: str
    device: str
    """Value of AP-Device-Identifier, as sent."""
    device_decoded: str
    last_seen: int
    """Time of its last request to the SSO Service."""
    device_info: dict[str, Any] | None = None
    """The object in the X-Device-Info of its latest service token; empty without the header, None if unreadable."""
    user_agent: str = ""
    unlinked: bool = False

    @property
    def device_facts(self) -> Mapping[str, Any]:
        """The facts about the device, by the keys of X-Device-Info."""
        return device_facts(self.device_info, self.user_agent)


class IntegrationState(msgspec.Struct, frozen=True):
    """Settings of an integration that control calls changed; None leaves one to the catalogue."""

    enabled: bool | None = None
    home_based_authentication: bool | None = None


class RotatedKeys(msgspec.Struct, frozen=True):
    """Private keys (PEM) from rotations, the latest first."""

    pems: tuple[str, ...]


class Bucket(msgspec.Struct, frozen=True):
    """Bucket of the rate limit: its theoretical arrival time (TAT) in ms."""

    tat: float


class Admit(NamedStep, msgspec.Struct, frozen=True):
    """Step that admits a request if its bucket allows; the result is whether it does."""

    now_ms: int
    limit: throttle.Limit
    name = "admit"

    @property
    def arguments(self) -> tuple[float, ...]:
        return self.now_ms, self.limit.rate, self.limit.burst

    def result(self, number: int) -> bool:
        return bool(number)

    def __call__(self, bucket: Bucket | None) -> tuple[Bucket, bool]:
        admitted, tat = throttle.admit(bucket.tat if bucket is not None else None, self.now_ms, self.limit)
        return Bucket(tat), admitted


class CountToken(NamedStep, msgspec.Struct, frozen=True):
    """Step that counts an access token of a client; the result is the number of earlier ones in that second."""

    second: int
    name = "count"

    @property
    def arguments(self) -> tuple[float, ...]:
        return (self.second,)

    def result(self, number: int) -> int:
        return number

    def __call__(self, last: Issued | None) -> tuple[Issued, int]:
        before = last.tokens if last is not None and last.second == self.second else 0
        return Issued(self.second, before + 1), before


CLIENTS = Table("clients", Client, Caching.PRESENT)
APPLICATIONS = Table("applications", ApplicationState, Caching.ALL)
ACCESS_TOKENS = Table("access_tokens", AccessToken, Caching.PRESENT)
ISSUED = Table("issued", Issued)
SESSIONS = Table("sessions", Session)
LATEST_SESSION = Table("latest_session", Session)
PROFILES = Table("profiles", Profile)
SHARERS = Table("sharers", Viewer)
"""Devices whose logins an identity shares, by identity and MVPD; a single logout ends all of them."""
BROWSER_SESSIONS = Table("browser_sessions", BrowserSession)
PERMITS = Table("permits", Permit)
TRIALS = Table("trials", Trial)
TRIAL_KEYS = Table("trial_keys", TrialKey)
LINK_CODES = Table("link_codes", LinkCode)
SSO_DEVICES = Table("sso_devices", SsoDevice)
INTEGRATIONS = Table("integrations", IntegrationState, Caching.ALL)
ROTATED_KEYS = Table("rotated_keys", RotatedKeys, Caching.ALL)
BUCKETS = Table("buckets", Bucket)
