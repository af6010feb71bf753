"""The configuration file of the mock: TOML; every error has line, column and remedy."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pass_harness.mock_server.adobe.device_facts import OS_NAMES
from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.behaviours.match_check import doubts, unknown_endpoint
from pass_harness.mock_server.behaviours.model import Behaviour
from pass_harness.mock_server.behaviours.presets import PresetCall
from pass_harness.mock_server.catalogue import (
    Catalogue,
    Integration,
    ServiceProvider,
    Subscriber,
    Tables,
    default_catalogue,
)
from pass_harness.mock_server.config.settings import (
    Bounds,
    ConfigFile,
    DefaultLifetimes,
    Network,
    Settings,
    Undocumented,
)
from pass_harness.mock_server.formats.bounds import Keys
from pass_harness.mock_server.formats.public_url import PublicUrl
from pass_harness.mock_server.formats.toml_file import TomlFile
from pass_harness.mock_server.signing.keys import KeySettings, load_keys, read_public_key

T = TypeVar("T")
D = TypeVar("D")
_HINTS = get_type_hints(Tables)
_LISTS = {name: get_args(_HINTS[name])[0] for name in Tables.__struct_fields__}
"""Struct of the entries of each list of the catalogue."""


def load_settings(
    path: Path | None, endpoints: Collection[str] | None = None, warn: Callable[[str], None] = lambda _: None
) -> Settings:
    """Return the settings of a file, or the defaults without one; ConfigError with place and remedy.

    ``endpoints`` are the ids that a behaviour may match, those of `routes.identifiers`; None accepts any. ``warn``
    receives a sentence with its place for each behaviour that matches nothing of the catalogue.
    """
    return Settings() if path is None else _Reader(TomlFile(path), endpoints, warn).settings()


class _Reader:
    def __init__(self, file: TomlFile, endpoints: Collection[str] | None, warn: Callable[[str], None]) -> None:
        self._file = file
        self._data = file.data
        self._endpoints = endpoints
        self._warn = warn

    def settings(self) -> Settings:
        self._file.require_known(ConfigFile)
        lists = {name: self._list(name, kind) for name, kind in _LISTS.items()}
        settings = Settings(
            catalogue=self._base_catalogue().extended(Tables(**lists)),
            lifetimes=self._file.table(("lifetimes",), DefaultLifetimes),
            bounds=self._file.table(("bounds",), Bounds),
            keys=self._keys(),
            throttle=None if self._data.get("throttle") is False else self._file.table(("throttle",), Limit),
            behaviours=self._behaviours(),
            allow_list=self._value("allow_list", tuple[Network, ...], ()),
            strict=self._value("strict", bool, False),
            public_url=self._value("public_url", PublicUrl, None),
            undocumented=self._file.table(("undocumented",), Undocumented),
        )
        self._check_references(settings.catalogue, lists)
        self._check_matches(settings.catalogue)
        return settings

    def _list(self, name: str, kind: type[Any]) -> tuple[Any, ...]:
        return tuple(self._file.table(place, kind) for place in self._places(name))

    def _places(self, name: str) -> list[Keys]:
        """Return the place of each table of a list, as keys from the root of the file."""
        entries = self._data.get(name, [])
        if not isinstance(entries, list):
            raise self._file.error((name,), f"{name} must be a list of tables: write [[{name}]]")
        return [(name, index) for index in range(len(entries))]

    def _behaviours(self) -> tuple[Behaviour, ...]:
        found: list[Behaviour] = []
        for place in self._places("behaviours"):
            entry = self._data["behaviours"][place[1]]
            if not isinstance(entry, dict) or "preset" not in entry:
                found.append(self._file.table(place, Behaviour))
                continue
            try:
                found.extend(self._file.table(place, PresetCall).behaviours())
            except ValueError as error:
                raise self._file.error((*place, "preset"), str(error)) from error
        return tuple(found)

    def _check_matches(self, catalogue: Catalogue) -> None:
        for place in self._places("behaviours"):
            is_preset = "preset" in self._data["behaviours"][place[1]]
            shape: type[PresetCall | Behaviour] = PresetCall if is_preset else Behaviour
            match = self._file.table(place, shape).match
            if self._endpoints is not None and (sentence := unknown_endpoint(match, self._endpoints)):
                raise self._file.error((*place, "match", "endpoint"), sentence)
            for field, sentence in doubts(match, catalogue):
                self._warn(f"{self._file.place((*place, 'match', field))}: warning: {sentence}")

    def _keys(self) -> KeySettings:
        keys = self._file.table(("keys",), KeySettings)
        for name in ("authorization_server", "media_token", "user_metadata"):
            file = getattr(keys, name)
            if file is None:
                continue
            try:
                load_keys(KeySettings(**{name: file}))
            except (OSError, ValueError) as error:
                sentence = f"{file} contains no private RSA key in unencrypted PEM ({_reason(error)})"
                raise self._file.error(("keys", name), sentence) from error
        return keys

    def _base_catalogue(self) -> Catalogue:
        match self._data.get("catalogue", "default"):
            case "default":
                return default_catalogue()
            case "empty":
                return Catalogue(Tables())
        sentence = 'catalogue must be "default" (add to the default catalogue) or "empty"'
        raise self._file.error(("catalogue",), sentence)

    def _value(self, key: str, shape: type[T], default: D) -> T | D:
        return self._file.table((key,), shape) if key in self._data else default

    def _check_references(self, catalogue: Catalogue, lists: dict[str, tuple[Any, ...]]) -> None:
        for index, provider in enumerate(lists["service_providers"]):
            for mvpd in provider.mvpds:
                if mvpd not in catalogue.mvpds:
                    raise self._file.error(("service_providers", index, "mvpds"), f"there is no MVPD {mvpd!r}")
        for index, integration in enumerate(lists["integrations"]):
            provider = catalogue.service_providers.get(integration.service_provider)
            if provider is None or integration.mvpd not in provider.mvpds:
                sentence = f"{integration.service_provider} has no integration with {integration.mvpd}"
                raise self._file.error(("integrations", index, "mvpd"), sentence)
            self._check_platforms(index, integration)
        for index, provider in enumerate(lists["service_providers"]):
            self._check_keys(index, provider)
        for index, subscriber in enumerate(lists["subscribers"]):
            self._check_household(index, subscriber, catalogue)
        for index, application in enumerate(lists["applications"]):
            for provider in application.service_providers:
                if provider not in catalogue.service_providers:
                    place = ("applications", index, "service_providers")
                    raise self._file.error(place, f"there is no service provider {provider!r}")

    def _check_platforms(self, index: int, integration: Integration) -> None:
        """Refuse names that no platform can have: `platform_of` knows those of Adobe's pages."""
        for name in ("profile_by_platform", "decision_by_platform", "home_based_by_platform"):
            for platform in getattr(integration, name):
                if platform not in OS_NAMES:
                    place = ("integrations", index, name, platform)
                    raise self._file.unknown(place, filter(None, OS_NAMES), "osName")

    def _check_household(self, index: int, subscriber: Subscriber, catalogue: Catalogue) -> None:
        """Refuse a household without one head: its householdID is the userID of the head."""
        if not subscriber.household_id:
            if not subscriber.head_of_household:
                sentence = "head_of_household = false needs the household_id of the household"
                raise self._file.error(("subscribers", index, "head_of_household"), sentence)
            return
        heads = [
            other.username
            for other in catalogue.subscribers.values()
            if other.household_id == subscriber.household_id and other.head_of_household
        ]
        if subscriber.head_of_household and len(heads) > 1:
            sentence = (
                f"the household {subscriber.household_id!r} has the heads {' and '.join(heads)}; "
                "write head_of_household = false for all but one"
            )
            raise self._file.error(("subscribers", index, "household_id"), sentence)

    def _check_keys(self, index: int, provider: ServiceProvider) -> None:
        files = {"certificate": provider.certificate, "service_token_key": provider.service_token_key}
        for name, file in files.items():
            if file in {None, "built-in", "none"}:
                continue
            try:
                read_public_key(Path(str(file)))
            except (OSError, ValueError) as error:
                place = ("service_providers", index, name)
                raise self._file.error(
                    place, f"{file} contains no RSA certificate or public key ({error})"
                ) from error


def _reason(error: Exception) -> str:
    return error.strerror or "" if isinstance(error, OSError) else str(error)
