"""Waivers: known findings that a team excuses, each with an owner, a reason and an expiry date.

A waiver is stale if its rule was judged and no finding matches. A stale or expired waiver fails the run, so that no
waiver outlives its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from pass_harness.conformance.outcomes import Broken
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.toml_file import TomlFile, nearest


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The findings of the rule that a waiver covers: globs, all of which must match."""

    kind: str = "*"
    """Kind of the finding; `pass-conformance explain RULE` lists the kinds of a rule."""
    device: str = "*"
    """Device identifier of the finding."""
    endpoint: str = "*"
    """Endpoint of one of the cited exchanges."""
    observed: str = "*"
    """Text of the finding."""

    def covers(self, evidence: Broken, cited: Collection[Exchange]) -> bool:
        """Return whether a finding, with its cited exchanges, matches every glob."""
        return (
            fnmatchcase(evidence.kind, self.kind)
            and fnmatchcase(evidence.device or "", self.device)
            and fnmatchcase(evidence.observed, self.observed)
            and (self.endpoint == "*" or any(fnmatchcase(exchange.endpoint, self.endpoint) for exchange in cited))
        )


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a waivers file."""

    rule: str
    """Id of a rule."""
    owner: str
    """Person or team that is responsible for the waiver."""
    reason: str
    """Reason that reports show."""
    expires: date
    """Last day on which the waiver is valid."""
    match: Match = Match()


class WaiversFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of waivers."""

    waivers: tuple[Waiver, ...] = ()


class Waivers:
    """The waivers of one run on the date ``today``."""

    def __init__(self, entries: Sequence[Waiver] = (), *, today: date = date.min) -> None:
        self.entries = tuple(entries)
        self.excused: Counter[Waiver] = Counter()
        """Number of findings that each waiver excused, known at the end."""
        self._today = today

    def waiver(self, rule: str, evidence: Broken, cited: Collection[Exchange]) -> Waiver | None:
        """Return the first valid waiver that covers a finding; None without one."""
        for waiver in self.entries:
            if waiver.rule == rule and not self.expired(waiver) and waiver.match.covers(evidence, cited):
                return waiver
        return None

    def expired(self, waiver: Waiver) -> bool:
        return self._today > waiver.expires


def load(path: Path, known: Collection[str], *, today: date) -> Waivers:
    """Return the waivers of a file; ``known`` are the ids of all rules.

    Raises `ConfigError` with file, line, column and remedy.
    """
    file = TomlFile(path)
    file.require_known(WaiversFile, "table")
    entries = file.data.get("waivers", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise file.error(("waivers",), "waivers must be an array of tables: begin each with [[waivers]]")
    return Waivers([_waiver(file, number, known) for number in range(len(entries))], today=today)


def _waiver(file: TomlFile, number: int, known: Collection[str]) -> Waiver:
    place = ("waivers", number)
    waiver = file.table(place, Waiver)
    if waiver.rule not in known:
        raise file.error((*place, "rule"), f'there is no rule "{waiver.rule}"; {nearest(waiver.rule, known)}')
    for key, remedy in (("owner", "name the person or team in charge"), ("reason", "state why it is excused")):
        if not getattr(waiver, key).strip():
            raise file.error((*place, key), f"{key} is empty; {remedy}")
    return waiver
