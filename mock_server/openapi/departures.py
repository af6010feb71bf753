"""The known departures from Adobe's OpenAPI documents (departures.toml)."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import msgspec

from pass_harness.mock_server.openapi.comparison import Difference


class Departure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Intended differences with their reason; ``*`` matches anything."""

    id: str
    operations: tuple[str, ...]
    places: tuple[str, ...]
    finding: str
    reason: str

    def covers(self, difference: Difference) -> bool:
        """Return True if the patterns match a difference."""
        return (
            any(_matches(pattern, difference.operation) for pattern in self.operations)
            and any(_matches(pattern, difference.place) for pattern in self.places)
            and _matches(self.finding, difference.finding)
        )


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    departures: tuple[Departure, ...]


@cache
def known_departures() -> tuple[Departure, ...]:
    """Return the departures of departures.toml."""
    text = resources.files("pass_harness.mock_server.openapi").joinpath("departures.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=_File).departures


def departure_of(difference: Difference) -> Departure | None:
    """Return the departure that covers a difference, or None."""
    return next((departure for departure in known_departures() if departure.covers(difference)), None)


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None
