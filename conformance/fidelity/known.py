"""Known differences: those of known.toml, and those of an earlier report."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources

import msgspec

from pass_harness.conformance.fidelity.difference import Difference


class KnownDifference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A difference with its reason; globs of endpoints, places and the record's side."""

    id: str
    endpoints: tuple[str, ...]
    places: tuple[str, ...]
    record: str
    reason: str

    def covers(self, endpoint: str, difference: Difference) -> bool:
        return (
            _match(endpoint, self.endpoints)
            and _match(difference.place, self.places)
            and fnmatchcase(difference.record, self.record)
        )


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    known: tuple[KnownDifference, ...]


@cache
def known_differences() -> tuple[KnownDifference, ...]:
    """Return the rows of known.toml."""
    text = resources.files("pass_harness.conformance.fidelity").joinpath("known.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=_File).known


def reason_of(endpoint: str, difference: Difference) -> str | None:
    """Return the reason of a known difference, or None."""
    return next((row.reason for row in known_differences() if row.covers(endpoint, difference)), None)


def _match(text: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
