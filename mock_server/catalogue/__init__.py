"""The catalogue: service providers, MVPDs, integrations, applications and subscribers of the mock."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from fnmatch import translate
from functools import lru_cache
from importlib import resources
from typing import Any, Literal, TypeVar

import msgspec

from pass_harness.mock_server.catalogue.platforms import (
    APPLE_PLATFORMS,
    ByCategory,
    Count,
    PlatformCategory,
    PlatformFlags,
    SwitchByCategory,
    of_platform,
)
from pass_harness.mock_server.formats.durations import Duration, decode_hook, parse_duration

MetadataName = Literal[
    "userID", "upstreamUserID", "householdID", "primaryOID", "typeID", "is_hoh", "hba_status", "allowMirroring",
    "zip", "encryptedZip", "channelID", "maxRating", "language", "onNet", "inHome", "mvpd",
]  # fmt: skip
"""User metadata: the names of Adobe's table, and ``mvpd`` of the samples."""
MvpdEndpoint = Literal["logout", "authorization", "preauthorization"]
_MAX_CACHED_LENGTH = 256
"""Maximum length of a cached name, in characters: names from requests must not fill the memory."""

_OTHER_PLATFORM = "other"
"""Every platform that the catalogue does not name, so that names from requests fill neither store nor cache."""


def matches_any(name: str, globs: tuple[str, ...]) -> bool:
    """Return whether the name matches at least one glob."""
    return _cached_match(name, globs) if len(name) <= _MAX_CACHED_LENGTH else _pattern(globs).match(name) is not None


@lru_cache(maxsize=10_000)
def _cached_match(name: str, globs: tuple[str, ...]) -> bool:
    return _pattern(globs).match(name) is not None


@lru_cache(maxsize=10_000)
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, globs)) or "(?!)")


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ServiceProvider(_Entry, frozen=True, kw_only=True):
    """A channel or brand of a Programmer."""

    id: str
    name: str = ""
    domains: tuple[str, ...] = ()
    mvpds: tuple[str, ...] = ()
    """Integrations: ids of the MVPDs that this service provider works with."""
    certificate: str = "built-in"
    """Key that encrypts user metadata: a PEM file (certificate or public key), ``built-in``, or ``none``."""
    service_token_key: str | None = None
    """PEM file of the public key that verifies service tokens of an identity service; without it the mock does not
    check their signatures. Those of the SSO Service have a signature of their own."""


class TempPass(_Entry, frozen=True, kw_only=True):
    """Limits of a TempPass: the duration of a trial and, for a promotional TempPass, the number of resources."""

    duration: Duration
    resources: Count | None = None


class Mvpd(_Entry, frozen=True, kw_only=True):
    """A pay-TV provider (MVPD) or a TempPass. The configuration response omits flags without a value."""

    id: str
    display_name: str
    logo_url: str = ""
    logout_endpoint: bool = True
    """Whether the MVPD has a logout page, which the browser must then open."""
    authorization_endpoint: bool = True
    """Whether the MVPD decides on authorizations. If not, Adobe Pass permits every resource of a viewer who is logged
    in, with the source ``dummy``."""
    preauthorization_endpoint: bool = True
    """Whether the MVPD decides on preauthorizations; if not, likewise."""
    login: Literal["adobe-services", "redirect", "form"] = "adobe-services"
    """Answer of ``authenticate``: a redirect (HTTP 302) through /adobe-services of Adobe Pass, a redirect to the MVPD
    at once, or a page (HTTP 200) with a form that submits itself to the MVPD."""
    home_based_authentication: bool = False
    """Whether subscribers log in without a password from a ``home`` address of theirs."""
    home_address_from: Literal["request", "device-info"] = "request"
    """Source of the address that the MVPD compares with ``home``: the request (X-Forwarded-For, or else the peer), or
    X-Device-Info, which must then have connectionIp and connectionPort."""
    browser_session: Duration = parse_duration("1d")
    """Duration of the MVPD's session in a browser that logged in. Within it, the browser logs in again without a
    password, until it opens the MVPD's logout page. ``0s``: no session."""
    proxy: str | None = None
    """Id of the proxy MVPD in front of this MVPD."""
    is_proxy: bool | None = None
    """Value of ``isProxy`` in the configuration response; by default, true with a proxy and absent without."""
    metadata: tuple[MetadataName, ...] = ("userID", "upstreamUserID", "mvpd")
    """Names of the user metadata that the MVPD provides at login."""
    metadata_on_authorization: tuple[MetadataName, ...] = ()
    """Names of the user metadata that the MVPD provides only after the first permit of an authorization."""
    sub_accounts: bool = True
    """Whether members of a household have accounts of their own; if not, their userID is the householdID."""
    user_ids: Literal["persistent", "transient"] = "persistent"
    """Whether the userID of a subscriber is the same for all logins, or new for each."""
    unknown_resources: Literal["deny", "omit"] = "deny"
    """Treatment of resources unknown to the MVPD in a preauthorization: a denial, or no decision."""
    temp_pass: TempPass | None = None
    preauthorize_limit: Count = 5
    authorize_limit: Count = 1
    auth_per_aggregator: bool | None = None
    auth_per_browser_session: bool | None = None
    passive_authn_enabled: bool | None = None
    boarding_status: str | None = None
    """This flag and the four below: single sign-on on Apple's platforms, and on one that a request does not name."""
    platform_mapping_id: str | None = None
    enable_platform_services: bool | None = None
    display_in_platform_picker: bool | None = None
    enforce_platform_permissions: bool | None = None
    platforms: dict[str, PlatformFlags] = {}
    """Settings on one platform, by ``osName`` of X-Device-Info; ``*`` for every platform."""


class Integration(_Entry, frozen=True, kw_only=True):
    """Overrides of one integration. Limits in resources; lifetimes are durations."""

    service_provider: str
    mvpd: str
    enabled: bool = True
    preauthorize_limit: Count | None = None
    authorize_limit: Count | None = None
    profile: Duration | None = None
    profile_by_platform: dict[str, Duration] = {}
    """Authentication TTL by ``osName`` of X-Device-Info: ``{ tvOS = "90d" }``."""
    profile_by_category: ByCategory = ByCategory()
    """Authentication TTL by category of platforms: ``{ tv = "30d" }``; ``profile_by_platform`` precedes it."""
    home_based_profile: Duration | None = None
    """Authentication TTL of home-based logins; it precedes those of platforms and categories."""
    decision: Duration | None = None
    decision_by_platform: dict[str, Duration] = {}
    """Authorization TTL by ``osName`` of X-Device-Info: ``{ Android = "12h" }``."""
    decision_by_category: ByCategory = ByCategory()
    """Authorization TTL by category of platforms; ``decision_by_platform`` precedes it."""
    media_token: Duration | None = None
    home_based_authentication: bool | None = None
    """Whether home-based authentication is on; by default, as at the MVPD."""
    home_based_by_platform: dict[str, bool] = {}
    """Home-based authentication by ``osName`` of X-Device-Info: ``{ tvOS = false }``."""
    home_based_by_category: SwitchByCategory = SwitchByCategory()
    """Home-based authentication by category of platforms; ``home_based_by_platform`` precedes it."""
    metadata: tuple[MetadataName, ...] | None = None
    """Names of the user metadata that is enabled, of that which the MVPD provides; by default, all."""
    encrypted_metadata: tuple[MetadataName, ...] = ("zip", "encryptedZip")
    """Names of the user metadata that is encrypted with the certificate of the service provider."""
    logout_endpoint: bool | None = None
    """This and the two below: the endpoints of the MVPD that the integration uses; by default, those of the MVPD."""
    authorization_endpoint: bool | None = None
    preauthorization_endpoint: bool | None = None
    platforms: dict[str, PlatformFlags] = {}
    """Settings of the integration on one platform, by ``osName`` of X-Device-Info; ``*`` for every platform."""

    def profile_of(
        self, os_name: str | None, category: PlatformCategory | None, *, home_based: bool
    ) -> Duration | None:
        """Return the authentication TTL of a login's kind or platform, the most specific one; None without one."""
        if home_based and self.home_based_profile is not None:
            return self.home_based_profile
        return of_platform(self.profile_by_platform, self.profile_by_category, os_name, category)

    def decision_of(self, os_name: str | None, category: PlatformCategory | None) -> Duration | None:
        """Return the authorization TTL of a platform, the most specific one; None without one."""
        return of_platform(self.decision_by_platform, self.decision_by_category, os_name, category)

    def home_based_on(self, os_name: str | None, category: PlatformCategory | None) -> bool | None:
        """Return whether home-based authentication is on for a platform; None leaves it to the MVPD."""
        found = of_platform(self.home_based_by_platform, self.home_based_by_category, os_name, category)
        return self.home_based_authentication if found is None else found


class Application(_Entry, frozen=True, kw_only=True):
    """A registered application, identified by its software statement."""

    name: str
    id: str
    service_providers: tuple[str, ...]
    scopes: tuple[str, ...] = ("api:client:v2",)
    redirect_uris: tuple[str, ...] = ()
    approved: bool = True
    """Whether the application has access; ``false`` is that of a revoked application or software statement."""


class Subscriber(_Entry, frozen=True, kw_only=True):
    """A person with an account at every MVPD of the mock, or at those that match ``mvpds``."""

    username: str
    password: str
    household_id: str = ""
    head_of_household: bool = True
    zip: tuple[str, ...] = ()
    max_rating: dict[str, str] = {}
    """Maximum ratings of parental controls, by system: ``{ MPAA = "PG-13", VCHIP = "TV-14" }``."""
    channels: tuple[str, ...] = ()
    """Value of ``channelID``; also the resources known to an MVPD that omits decisions for unknown resources."""
    language: str = ""
    home: tuple[str, ...] = ()
    """IP addresses (globs) of the subscriber's home, for home-based authentication."""
    mvpds: tuple[str, ...] = ("*",)
    denied: tuple[str, ...] = ()
    """Resources (globs) that the subscription does not include; the MVPD permits all others."""
    denial_details: str | None = None

    def has_account_at(self, mvpd: str) -> bool:
        return matches_any(mvpd, self.mvpds)

    def is_at_home(self, ip: str) -> bool:
        return matches_any(ip, self.home)

    def is_known(self, resource: str) -> bool:
        return matches_any(resource, (*self.channels, *self.denied))

    def is_denied(self, resource: str) -> bool:
        return matches_any(resource, self.denied)


class Tables(_Entry, frozen=True, kw_only=True):
    """The catalogue in TOML: a table for each kind of entry."""

    service_providers: tuple[ServiceProvider, ...] = ()
    mvpds: tuple[Mvpd, ...] = ()
    integrations: tuple[Integration, ...] = ()
    applications: tuple[Application, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()


E = TypeVar("E", ServiceProvider, Mvpd, Integration, Application, Subscriber)
K = TypeVar("K")


class Catalogue:
    """The catalogue, by id. Immutable: spaces share it and keep disabled integrations in their own state."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.service_providers = {entry.id: entry for entry in tables.service_providers}
        self.mvpds = {entry.id: entry for entry in tables.mvpds}
        self.integrations = {(entry.service_provider, entry.mvpd): entry for entry in tables.integrations}
        self.applications = {entry.name: entry for entry in tables.applications}
        self.applications_by_id = {entry.id: entry for entry in tables.applications}
        self.subscribers = {entry.username: entry for entry in tables.subscribers}
        self._platforms = APPLE_PLATFORMS.union(
            *(entry.platforms for entry in tables.mvpds), *(entry.platforms for entry in tables.integrations)
        )

    def extended(self, tables: Tables) -> Catalogue:
        """Return a copy with entries added; an entry with the id of an existing one replaces it."""
        return Catalogue(
            Tables(
                service_providers=_merged(self.service_providers, ((e.id, e) for e in tables.service_providers)),
                mvpds=_merged(self.mvpds, ((e.id, e) for e in tables.mvpds)),
                integrations=_merged(
                    self.integrations, (((e.service_provider, e.mvpd), e) for e in tables.integrations)
                ),
                applications=_merged(self.applications, ((e.name, e) for e in tables.applications)),
                subscribers=_merged(self.subscribers, ((e.username, e) for e in tables.subscribers)),
            )
        )

    def integration(self, service_provider: str, mvpd: str) -> Integration:
        """Return the overrides of an integration; empty ones if the catalogue has none."""
        found = self.integrations.get((service_provider, mvpd))
        if found is not None:
            return found
        if max(len(service_provider), len(mvpd)) > _MAX_CACHED_LENGTH:
            return Integration(service_provider=service_provider, mvpd=mvpd)
        return _default_integration(service_provider, mvpd)

    def has_endpoint(self, service_provider: str, mvpd: str, kind: MvpdEndpoint) -> bool:
        """Return whether an integration uses an endpoint of its MVPD for logouts or decisions."""
        name = f"{kind}_endpoint"
        own = getattr(self.integration(service_provider, mvpd), name)
        return bool(getattr(self.mvpds[mvpd], name) if own is None else own)

    def platform(self, os_name: object) -> str | None:
        """Return the name of a platform by ``osName`` of X-Device-Info; None if the value is absent."""
        if os_name is None:
            return None
        return str(os_name) if str(os_name) in self._platforms else _OTHER_PLATFORM

    def platform_flags(self, service_provider: str, mvpd: str, platform: str | None) -> PlatformFlags:
        """Return the settings of an integration on a platform (`platform`); the most specific values count."""
        return _platform_flags(self, service_provider, mvpd, platform)

    def mvpd_of_platform(self, service_provider: str, platform: str | None, id_: str) -> Mvpd | None:
        """Return the MVPD that a platform names so: by its mapping id or, for an MVPD without one, by its own id."""
        for mvpd in self.mvpds.values():
            if self.platform_flags(service_provider, mvpd.id, platform).platform_mapping_id == id_:
                return mvpd
        if id_ not in self.mvpds or self.platform_flags(service_provider, id_, platform).platform_mapping_id:
            return None
        return self.mvpds[id_]

    def subscriber_of(self, mvpd: str, username: str | None = None) -> Subscriber | None:
        """Return the subscriber of that name with an account at the MVPD; without a name, the first subscriber."""
        named = self.subscribers.values() if username is None else [self.subscribers.get(username)]
        return next((s for s in named if s is not None and s.has_account_at(mvpd)), None)

    def subscriber_at_home(self, mvpd: str, ip: str) -> Subscriber | None:
        """Return the first subscriber with an account at the MVPD and that home address, or None."""
        return next((s for s in self.subscribers.values() if s.has_account_at(mvpd) and s.is_at_home(ip)), None)


@lru_cache(maxsize=10_000)
def _platform_flags(catalogue: Catalogue, service_provider: str, mvpd: str, platform: str | None) -> PlatformFlags:
    entry, integration = catalogue.mvpds[mvpd], catalogue.integration(service_provider, mvpd)
    named, of_mvpd = ([of.platforms.get(name) for name in (platform or "*", "*")] for of in (integration, entry))
    layers = [*named, integration, *of_mvpd, entry if platform is None or platform in APPLE_PLATFORMS else None]
    values = {
        name: next((value for layer in layers if (value := getattr(layer, name, None)) is not None), None)
        for name in PlatformFlags.__struct_fields__
    }
    return PlatformFlags(**values)


@lru_cache(maxsize=1024)
def _default_integration(service_provider: str, mvpd: str) -> Integration:
    return Integration(service_provider=service_provider, mvpd=mvpd)


def _merged(old: dict[K, E], new: Iterable[tuple[K, E]]) -> tuple[E, ...]:
    return tuple({**old, **dict(new)}.values())


def default_tables() -> dict[str, Any]:
    """Return the default catalogue as parsed TOML."""
    return tomllib.loads((resources.files("pass_harness.fixtures") / "catalogue.toml").read_text("utf-8"))


def default_catalogue() -> Catalogue:
    return Catalogue(msgspec.convert(default_tables(), Tables, dec_hook=decode_hook))
