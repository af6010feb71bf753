"""Placeholders of service.toml: ``{device.id}`` and the like in requests, headers and bodies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

PLACEHOLDERS = (
    "device.id",
    "device.ip",
    "device.port",
    "device.info",
    "device.model",
    "device.os_name",
    "device.os_version",
    "device.user_agent",
    "mvpd",
    "screen",
    "code",
    "resource",
    "resources",
    "service_provider",
    "temppass_identity",
    "visitor_identifier",
)

ADOBE_URL = "{adobe_url}"
"""The placeholder of ``[service] repoint``, a shell command."""
KEPT = "kept."
"""Prefix of the placeholders of kept values: ``{kept.NAME}``, and ``{kept.NAME?}`` if the device may lack it."""
_PLACEHOLDER = re.compile(r"\{(kept\.\w+\??|[A-Za-z_.]+)\}", re.ASCII)

Values = Mapping[str, Any]
"""Values by placeholder; a missing one is null, or an empty string inside a text."""


def used(template: object) -> Iterator[str]:
    """Yield the names of all placeholders in a string, a table or an array."""
    if isinstance(template, str):
        yield from _PLACEHOLDER.findall(template)
    elif isinstance(template, dict):
        for value in template.values():
            yield from used(value)
    elif isinstance(template, list):
        for value in template:
            yield from used(value)


def used_kept(template: object) -> Iterator[tuple[str, bool]]:
    """Yield the names of the kept values in a template, and whether the request needs each."""
    if isinstance(template, str) and KEPT not in template:
        return
    for name in used(template):
        if name.startswith(KEPT):
            yield name.removeprefix(KEPT).removesuffix("?"), not name.endswith("?")


def kept_placeholders(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return kept values by their placeholders."""
    return {f"{KEPT}{name}{mark}": value for name, value in kept.items() for mark in ("", "?")}


def fill(template: object, values: Values) -> object:
    """Return a template with its placeholders replaced; a string that is one placeholder takes the value's type."""
    if isinstance(template, dict):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    if not isinstance(template, str):
        return template
    if alone := _PLACEHOLDER.fullmatch(template):
        return values.get(alone[1])
    return fill_text(template, values)


def fill_text(template: str, values: Values, escape: Callable[[str], str] = str) -> str:
    """Return a template as text, each value passed through ``escape``; a list becomes its items joined by commas."""
    return _PLACEHOLDER.sub(lambda found: escape(_text(values.get(found[1]))), template)


def fill_url(template: str, values: Values) -> str:
    """Return a template as a path or URL; values are percent-encoded, so they cannot change the path's structure."""
    return fill_text(template, values, lambda text: quote(text, safe=""))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)
