"""Waivers: findings that a team knows of and has excused, each by an owner, for a reason and until a day.

A waiver that excuses nothing although its rule was judged is stale; one whose day is over has expired. Either
fails a run, so that no waiver outlives its reason.
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
    """Which findings of the rule are meant: globs, all of which must match."""

    kind: str = "*"
    """Of the finding, as `pass-conformance explain` lists them for its rule."""
    device: str = "*"
    endpoint: str = "*"
    """Of one of the exchanges that are the evidence."""
    observed: str = "*"

    def covers(self, evidence: Broken, cited: Collection[Exchange]) -> bool:
        return (
            fnmatchcase(evidence.kind, self.kind)
            and fnmatchcase(evidence.device or "", self.device)
            and fnmatchcase(evidence.observed, self.observed)
            and (self.endpoint == "*" or any(fnmatchcase(exchange.endpoint, self.endpoint) for exchange in cited))
        )


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a waivers file."""

    rule: str
    """The id of one rule."""
    owner: str
    """Who answers for it."""
    reason: str
    """Why it is excused, for whoever reads the report."""
    expires: date
    """The last day on which it holds."""
    match: Match = Match()


class WaiversFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of waivers."""

    waivers: tuple[Waiver, ...] = ()


class Waivers:
    """The waivers of one judgement, on the day ``today``; counts what each of them excused."""

    def __init__(self, entries: Sequence[Waiver] = (), *, today: date = date.min) -> None:
        self.entries = tuple(entries)
        self.excused: Counter[Waiver] = Counter()
        self._today = today

    def excuse(self, rule: str, evidence: Broken, cited: Collection[Exchange]) -> bool:
        """Whether a finding is waived; the first waiver that covers it counts it."""
        for waiver in self.entries:
            if waiver.rule == rule and not self.expired(waiver) and waiver.match.covers(evidence, cited):
                self.excused[waiver] += 1
                return True
        return False

    def expired(self, waiver: Waiver) -> bool:
        return self._today > waiver.expires


def load(path: Path, known: Collection[str], *, today: date) -> Waivers:
    """The waivers of a file; ``known`` are the ids of all rules. Raises `ConfigError` with file, line and column."""
    file = TomlFile(path)
    file.require_known(WaiversFile, "table")
    entries = file.data.get("waivers", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise file.error(("waivers",), "waivers is an array of tables: begin each with [[waivers]]")
    return Waivers([_waiver(file, number, known) for number in range(len(entries))], today=today)


def _waiver(file: TomlFile, number: int, known: Collection[str]) -> Waiver:
    place = ("waivers", number)
    waiver = file.table(place, Waiver)
    if waiver.rule not in known:
        raise file.error((*place, "rule"), f'there is no rule "{waiver.rule}"; {nearest(waiver.rule, known)}')
    for key, what in (("owner", "who answers for it"), ("reason", "why")):
        if not getattr(waiver, key).strip():
            raise file.error((*place, key), f"{key} is empty; say {what}")
    return waiver
