"""The catalogue: the service providers, MVPDs, applications and subscribers that exist."""

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

_LONGEST_REMEMBERED = 256
"""Characters of a name: what strangers ask for must not fill the memory."""


def matches_any(name: str, globs: tuple[str, ...]) -> bool:
    """Whether one of the globs takes the name."""
    return _takes(name, globs) if len(name) <= _LONGEST_REMEMBERED else _pattern(globs).match(name) is not None


@lru_cache(maxsize=10_000)
def _takes(name: str, globs: tuple[str, ...]) -> bool:
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
    """The integrations: ids of the MVPDs that this service provider works with."""
    certificate: str = "built-in"
    """For whom user metadata is encrypted: a PEM file (certificate or public key), ``built-in``, or ``none``."""
    service_token_key: str | None = None
    """PEM file with the public key that service tokens must be signed with; without one no signature is asked for."""


class TempPass(_Entry, frozen=True, kw_only=True):
    """What makes an MVPD a TempPass: how long a trial lasts and, for a promotional one, how many resources."""

    duration: Duration
    resources: int | None = None


class Mvpd(_Entry, frozen=True, kw_only=True):
    """A pay-TV provider, or a TempPass in the place of one. None leaves a flag out of the configuration answer."""

    id: str
    display_name: str
    logo_url: str = ""
    logout_endpoint: bool = True
    login: Literal["redirect", "form"] = "redirect"
    """How the browser gets to the login page: by 302, or by a form that submits itself."""
    home_based_authentication: bool = False
    """At home (the subscriber's ``home``) nobody is asked for a password."""
    proxy: str | None = None
    """The proxy MVPD that this one is reached through."""
    metadata: tuple[str, ...] = ("userID", "upstreamUserID", "mvpd")
    """User metadata told at login."""
    metadata_on_authorization: tuple[str, ...] = ()
    """User metadata told only once something was authorized."""
    unknown_resources: Literal["deny", "omit"] = "deny"
    """What a preauthorization does with resources that the MVPD does not know."""
    temp_pass: TempPass | None = None
    preauthorize_limit: int = 5
    authorize_limit: int = 1
    auth_per_aggregator: bool | None = None
    auth_per_browser_session: bool | None = None
    passive_authn_enabled: bool | None = None
    boarding_status: str | None = None
    platform_mapping_id: str | None = None
    enable_platform_services: bool | None = None
    """Whether partner single sign-on is switched on."""
    display_in_platform_picker: bool | None = None
    enforce_platform_permissions: bool | None = None


class Integration(_Entry, frozen=True, kw_only=True):
    """What one integration has otherwise than its MVPD and the defaults. Durations; limits in resources."""

    service_provider: str
    mvpd: str
    enabled: bool = True
    preauthorize_limit: int | None = None
    authorize_limit: int | None = None
    profile: Duration | None = None
    profile_by_platform: dict[str, Duration] = {}
    """The authN TTL by osName of X-Device-Info: ``{ tvOS = "90d" }``."""
    decision: Duration | None = None
    media_token: Duration | None = None


class Application(_Entry, frozen=True, kw_only=True):
    """A registered application: the owner of a software statement."""

    name: str
    id: str
    service_providers: tuple[str, ...]
    scopes: tuple[str, ...] = ("api:client:v2",)
    redirect_uris: tuple[str, ...] = ()
    approved: bool = True


class Subscriber(_Entry, frozen=True, kw_only=True):
    """A person with an account at any MVPD of the mock, or at those named."""

    username: str
    password: str
    household_id: str = ""
    head_of_household: bool = True
    zip: tuple[str, ...] = ()
    max_rating: dict[str, str] = {}
    """The highest ratings that may be seen, by system: ``{ MPAA = "PG-13", VCHIP = "TV-14" }``."""
    channels: tuple[str, ...] = ()
    """What ``channelID`` tells, and the resources that the MVPD knows, where it leaves unknown ones out."""
    language: str = ""
    home: tuple[str, ...] = ()
    """Addresses (globs) at which home-based authentication knows this subscriber."""
    mvpds: tuple[str, ...] = ("*",)
    denied: tuple[str, ...] = ()
    """Resources (globs) that the subscription does not include; every other one is permitted."""
    denial_details: str | None = None

    def has_account_at(self, mvpd: str) -> bool:
        return matches_any(mvpd, self.mvpds)

    def is_at_home(self, ip: str) -> bool:
        return matches_any(ip, self.home)

    def knows(self, resource: str) -> bool:
        return matches_any(resource, (*self.channels, *self.denied))

    def is_denied(self, resource: str) -> bool:
        return matches_any(resource, self.denied)


class Tables(_Entry, frozen=True, kw_only=True):
    """The catalogue as it is written in TOML."""

    service_providers: tuple[ServiceProvider, ...] = ()
    mvpds: tuple[Mvpd, ...] = ()
    integrations: tuple[Integration, ...] = ()
    applications: tuple[Application, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()


E = TypeVar("E", ServiceProvider, Mvpd, Integration, Application, Subscriber)
K = TypeVar("K")


class Catalogue:
    """The catalogue, by id. Immutable: spaces share it, and keep what was switched off in their own state."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.service_providers = {entry.id: entry for entry in tables.service_providers}
        self.mvpds = {entry.id: entry for entry in tables.mvpds}
        self.integrations = {(entry.service_provider, entry.mvpd): entry for entry in tables.integrations}
        self.applications = {entry.name: entry for entry in tables.applications}
        self.applications_by_id = {entry.id: entry for entry in tables.applications}
        self.subscribers = {entry.username: entry for entry in tables.subscribers}

    def extended(self, tables: Tables) -> Catalogue:
        """This catalogue with entries added, or replaced where the id is the same."""
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
        """What is special of an integration; nothing where the catalogue says nothing."""
        return self.integrations.get((service_provider, mvpd)) or _ordinary(service_provider, mvpd)

    def subscriber_of(self, mvpd: str, username: str | None = None) -> Subscriber | None:
        """The subscriber of that name with an account at the MVPD; without a name, the first one."""
        named = self.subscribers.values() if username is None else [self.subscribers.get(username)]
        return next((s for s in named if s is not None and s.has_account_at(mvpd)), None)

    def subscriber_at_home(self, mvpd: str, ip: str) -> Subscriber | None:
        """The subscriber who has an account at the MVPD and lives at the address."""
        return next((s for s in self.subscribers.values() if s.has_account_at(mvpd) and s.is_at_home(ip)), None)


@lru_cache(maxsize=1024)
def _ordinary(service_provider: str, mvpd: str) -> Integration:
    return Integration(service_provider=service_provider, mvpd=mvpd)


def _merged(old: dict[K, E], new: Iterable[tuple[K, E]]) -> tuple[E, ...]:
    return tuple({**old, **dict(new)}.values())


def default_tables() -> dict[str, Any]:
    """The default catalogue as plain data."""
    return tomllib.loads((resources.files("pass_harness.fixtures") / "catalogue.toml").read_text("utf-8"))


def default_catalogue() -> Catalogue:
    return Catalogue(msgspec.convert(default_tables(), Tables, dec_hook=decode_hook))
