"""The configuration file of the mock: TOML, checked to the last key, with the line of every mistake."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mock_server.behaviours import Behaviour
from mock_server.catalogue import (
    Application,
    Catalogue,
    Integration,
    Mvpd,
    ServiceProvider,
    Subscriber,
    Tables,
    default_catalogue,
)
from mock_server.durations import decode_hook
from mock_server.keys import load_keys, read_public_key
from mock_server.presets import PresetCall
from mock_server.settings import Bounds, DefaultLifetimes, KeySettings, Network, Settings
from mock_server.throttle import Limit
from mock_server.toml_position import line_of

T = TypeVar("T")

_LISTS: dict[str, type] = {
    "service_providers": ServiceProvider,
    "mvpds": Mvpd,
    "integrations": Integration,
    "applications": Application,
    "subscribers": Subscriber,
}
_TABLES: dict[str, type] = {"lifetimes": DefaultLifetimes, "bounds": Bounds, "keys": KeySettings}
_KEYS = (*_LISTS, *_TABLES, "allow_list", "behaviours", "catalogue", "throttle", "strict")


class ConfigError(Exception):
    """The configuration cannot be used; the sentence names the file, the line, the key and the remedy."""


def load_settings(path: Path | None) -> Settings:
    """Settings from a file, or the defaults."""
    if path is None:
        return Settings()
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    return _Reader(path, text).settings(content)


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text

    def settings(self, content: dict[str, Any]) -> Settings:
        for key in content:
            if key not in _KEYS:
                close = get_close_matches(key, _KEYS, 1)
                hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(_KEYS)}"
                raise self._mistake((key,), f"there is no such key; {hint}")
        lists = {name: self._list(name, kind, content.get(name, [])) for name, kind in _LISTS.items()}
        tables = Tables(**{name: lists[name] for name in Tables.__struct_fields__})
        settings = Settings(
            catalogue=self._base_catalogue(content.get("catalogue", "default")).extended(tables),
            lifetimes=self._convert(("lifetimes",), DefaultLifetimes, content.get("lifetimes", {})),
            bounds=self._convert(("bounds",), Bounds, content.get("bounds", {})),
            keys=self._keys(content.get("keys", {})),
            throttle=self._throttle(content.get("throttle", {})),
            behaviours=self._behaviours(content.get("behaviours", [])),
            allow_list=self._convert(("allow_list",), tuple[Network, ...], content.get("allow_list", [])),
            strict=self._convert(("strict",), bool, content.get("strict", False)),
        )
        self._check_references(settings.catalogue, lists)
        return settings

    def _list(self, name: str, kind: type, entries: object) -> tuple[Any, ...]:
        if not isinstance(entries, list):
            raise self._mistake((name,), f"is a list of tables: write [[{name}]]")
        return tuple(self._convert((name, index), kind, entry) for index, entry in enumerate(entries))

    def _behaviours(self, entries: object) -> tuple[Behaviour, ...]:
        if not isinstance(entries, list):
            raise self._mistake(("behaviours",), "is a list of tables: write [[behaviours]]")
        found: list[Behaviour] = []
        for index, entry in enumerate(entries):
            place = ("behaviours", index)
            if not isinstance(entry, dict) or "preset" not in entry:
                found.append(self._convert(place, Behaviour, entry))
                continue
            call = self._convert(place, PresetCall, entry)
            try:
                found.extend(call.behaviours())
            except ValueError as error:
                raise self._mistake((*place, "preset"), str(error)) from error
        return tuple(found)

    def _throttle(self, value: object) -> Limit | None:
        return None if value is False else self._convert(("throttle",), Limit, value)

    def _keys(self, value: object) -> KeySettings:
        keys = self._convert(("keys",), KeySettings, value)
        for name in ("authorization_server", "media_token", "user_metadata"):
            file = getattr(keys, name)
            try:
                load_keys(KeySettings(**{name: file}))
            except (OSError, ValueError) as error:
                sentence = f"{file} holds no private RSA key in unencrypted PEM ({_reason(error)})"
                raise self._mistake(("keys", name), sentence) from error
        return keys

    def _base_catalogue(self, name: object) -> Catalogue:
        match name:
            case "default":
                return default_catalogue()
            case "empty":
                return Catalogue(Tables())
        raise self._mistake(("catalogue",), 'is "default" (add to it) or "empty" (start from nothing)')

    def _convert(self, place: tuple[str | int, ...], kind: type[T], value: object) -> T:
        try:
            return msgspec.convert(value, kind, dec_hook=decode_hook)
        except msgspec.ValidationError as error:
            sentence, _, path = str(error).partition(" - at `$")
            inner = tuple(part for part in path.rstrip("`").replace("[...]", "").split(".") if part)
            raise self._mistake((*place, *inner), sentence) from error

    def _check_references(self, catalogue: Catalogue, lists: dict[str, tuple[Any, ...]]) -> None:
        for index, provider in enumerate(lists["service_providers"]):
            for mvpd in provider.mvpds:
                if mvpd not in catalogue.mvpds:
                    raise self._mistake(("service_providers", index, "mvpds"), f"there is no MVPD {mvpd!r}")
        for index, integration in enumerate(lists["integrations"]):
            provider = catalogue.service_providers.get(integration.service_provider)
            if provider is None or integration.mvpd not in provider.mvpds:
                sentence = f"{integration.service_provider} has no integration with {integration.mvpd}"
                raise self._mistake(("integrations", index, "mvpd"), sentence)
        for index, provider in enumerate(lists["service_providers"]):
            self._check_keys(index, provider)
        for index, application in enumerate(lists["applications"]):
            for provider in application.service_providers:
                if provider not in catalogue.service_providers:
                    place = ("applications", index, "service_providers")
                    raise self._mistake(place, f"there is no service provider {provider!r}")

    def _check_keys(self, index: int, provider: ServiceProvider) -> None:
        files = {"certificate": provider.certificate, "service_token_key": provider.service_token_key}
        for name, file in files.items():
            if file in {None, "built-in", "none"}:
                continue
            try:
                read_public_key(Path(str(file)))
            except (OSError, ValueError) as error:
                place = ("service_providers", index, name)
                raise self._mistake(place, f"{file} holds no RSA certificate or public key ({error})") from error

    def _mistake(self, place: tuple[str | int, ...], sentence: str) -> ConfigError:
        key = ".".join(str(part) for part in place if isinstance(part, str))
        line = line_of(self._text, place)
        where = f"{self._path}:{line}" if line else str(self._path)
        return ConfigError(f"{where}: {key}: {sentence}")


def _reason(error: Exception) -> str:
    return error.strerror or "" if isinstance(error, OSError) else str(error)
