"""A verb as an HTTP request of the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pass_harness.conformance.service_toml.answer_values import JsonPlace, Place


@dataclass(frozen=True, kw_only=True)
class VerbMapping:
    """The validated [verbs.NAME], its JSONPaths compiled."""

    method: str
    target: str
    """Path under base_url, or an absolute URL; placeholders allowed."""
    json: Any
    form: dict[str, str] | None
    headers: dict[str, str]
    returns: dict[str, JsonPlace]
    keeps: dict[str, Place]
    accept: frozenset[int]
    """Statuses outside 2xx that are no failure."""


def common_headers(headers: Mapping[str, str], verb: VerbMapping) -> dict[str, str]:
    """Return the headers of all verbs without those that a verb has itself; the case of names does not matter."""
    own = {name.lower() for name in verb.headers}
    return {name: value for name, value in headers.items() if name.lower() not in own}
