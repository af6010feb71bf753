"""The catalogue: the service providers, MVPDs, applications and subscribers that exist."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any, TypeVar

import msgspec

from mock_server.durations import Duration, decode_hook


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ServiceProvider(_Entry, frozen=True, kw_only=True):
    """A channel or brand of a Programmer."""

    id: str
    name: str = ""
    domains: tuple[str, ...] = ()
    mvpds: tuple[str, ...] = ()
    """The integrations: ids of the MVPDs that this service provider works with."""


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
    temp_pass: TempPass | None = None
    preauthorize_limit: int = 5
    authorize_limit: int = 1
    auth_per_aggregator: bool | None = None
    auth_per_browser_session: bool | None = None
    passive_authn_enabled: bool | None = None


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
    mvpds: tuple[str, ...] = ("*",)
    denied: tuple[str, ...] = ()
    """Resources (globs) that the subscription does not include; every other one is permitted."""
    denial_details: str | None = None

    def has_account_at(self, mvpd: str) -> bool:
        return any(fnmatchcase(mvpd, pattern) for pattern in self.mvpds)

    def is_denied(self, resource: str) -> bool:
        return any(fnmatchcase(resource, pattern) for pattern in self.denied)


class Tables(_Entry, frozen=True, kw_only=True):
    """The catalogue as it is written in TOML."""

    service_providers: tuple[ServiceProvider, ...] = ()
    mvpds: tuple[Mvpd, ...] = ()
    applications: tuple[Application, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()


E = TypeVar("E", ServiceProvider, Mvpd, Application, Subscriber)


class Catalogue:
    """The catalogue, by id. Immutable: spaces share it, and keep what was switched off in their own state."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.service_providers = {entry.id: entry for entry in tables.service_providers}
        self.mvpds = {entry.id: entry for entry in tables.mvpds}
        self.applications = {entry.name: entry for entry in tables.applications}
        self.applications_by_id = {entry.id: entry for entry in tables.applications}
        self.subscribers = {entry.username: entry for entry in tables.subscribers}

    def extended(self, tables: Tables) -> Catalogue:
        """This catalogue with entries added, or replaced where the id is the same."""
        return Catalogue(
            Tables(
                service_providers=_merged(self.service_providers, ((e.id, e) for e in tables.service_providers)),
                mvpds=_merged(self.mvpds, ((e.id, e) for e in tables.mvpds)),
                applications=_merged(self.applications, ((e.name, e) for e in tables.applications)),
                subscribers=_merged(self.subscribers, ((e.username, e) for e in tables.subscribers)),
            )
        )

    def subscriber_of(self, mvpd: str, username: str | None = None) -> Subscriber | None:
        """The subscriber of that name with an account at the MVPD; without a name, the first one."""
        named = self.subscribers.values() if username is None else [self.subscribers.get(username)]
        return next((s for s in named if s is not None and s.has_account_at(mvpd)), None)


def _merged(old: dict[str, E], new: Iterable[tuple[str, E]]) -> tuple[E, ...]:
    return tuple({**old, **dict(new)}.values())


def default_tables() -> dict[str, Any]:
    """The default catalogue as plain data."""
    return tomllib.loads((resources.files("fixtures") / "catalogue.toml").read_text("utf-8"))


def default_catalogue() -> Catalogue:
    return Catalogue(msgspec.convert(default_tables(), Tables, dec_hook=decode_hook))
