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

from pass_harness.mock_server.formats.durations import Duration, decode_hook

_MAX_CACHED_LENGTH = 256
"""Maximum length of a cached name, in characters: names from requests must not fill the memory."""


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
    """PEM file of the public key that verifies service tokens; without it the mock does not check signatures."""


class TempPass(_Entry, frozen=True, kw_only=True):
    """Limits of a TempPass: the duration of a trial and, for a promotional TempPass, the number of resources."""

    duration: Duration
    resources: int | None = None


class Mvpd(_Entry, frozen=True, kw_only=True):
    """A pay-TV provider (MVPD) or a TempPass. The configuration response omits flags without a value."""

    id: str
    display_name: str
    logo_url: str = ""
    logout_endpoint: bool = True
    login: Literal["redirect", "form"] = "redirect"
    """Way to the login page: a redirect (HTTP 302), or a form that submits itself."""
    home_based_authentication: bool = False
    """Whether subscribers log in without a password from a ``home`` address of theirs."""
    proxy: str | None = None
    """Id of the proxy MVPD in front of this MVPD."""
    metadata: tuple[str, ...] = ("userID", "upstreamUserID", "mvpd")
    """Names of the user metadata that the MVPD provides at login."""
    metadata_on_authorization: tuple[str, ...] = ()
    """Names of the user metadata that the MVPD provides only after the first permit of an authorization."""
    unknown_resources: Literal["deny", "omit"] = "deny"
    """Treatment of resources unknown to the MVPD in a preauthorization: a denial, or no decision."""
    temp_pass: TempPass | None = None
    preauthorize_limit: int = 5
    authorize_limit: int = 1
    auth_per_aggregator: bool | None = None
    auth_per_browser_session: bool | None = None
    passive_authn_enabled: bool | None = None
    boarding_status: str | None = None
    platform_mapping_id: str | None = None
    enable_platform_services: bool | None = None
    """Whether partner single sign-on is enabled."""
    display_in_platform_picker: bool | None = None
    enforce_platform_permissions: bool | None = None


class Integration(_Entry, frozen=True, kw_only=True):
    """Overrides of one integration. Limits in resources; lifetimes are durations."""

    service_provider: str
    mvpd: str
    enabled: bool = True
    preauthorize_limit: int | None = None
    authorize_limit: int | None = None
    profile: Duration | None = None
    profile_by_platform: dict[str, Duration] = {}
    """Authentication TTL by ``osName`` of X-Device-Info: ``{ tvOS = "90d" }``."""
    decision: Duration | None = None
    media_token: Duration | None = None


class Application(_Entry, frozen=True, kw_only=True):
    """A registered application, identified by its software statement."""

    name: str
    id: str
    service_providers: tuple[str, ...]
    scopes: tuple[str, ...] = ("api:client:v2",)
    redirect_uris: tuple[str, ...] = ()
    approved: bool = True


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
        return self.integrations.get((service_provider, mvpd)) or _default_integration(service_provider, mvpd)

    def subscriber_of(self, mvpd: str, username: str | None = None) -> Subscriber | None:
        """Return the subscriber of that name with an account at the MVPD; without a name, the first subscriber."""
        named = self.subscribers.values() if username is None else [self.subscribers.get(username)]
        return next((s for s in named if s is not None and s.has_account_at(mvpd)), None)

    def subscriber_at_home(self, mvpd: str, ip: str) -> Subscriber | None:
        """Return the first subscriber with an account at the MVPD and that home address, or None."""
        return next((s for s in self.subscribers.values() if s.has_account_at(mvpd) and s.is_at_home(ip)), None)


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
