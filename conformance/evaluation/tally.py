"""The outcomes of one rule, counted, with the first findings as evidence.

Only the end of a stream shows whether the machine was overloaded. Findings are therefore counted by space and by
margin, and `Tally.settled` leaves out those that an overload makes unclear.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pass_harness.conformance.evaluation.evidence_history import Scene
from pass_harness.conformance.evaluation.waivers import Waiver
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import TIMELESS, Broken
from pass_harness.conformance.rule import Card
from pass_harness.mock_server.exchange import Exchange

KEPT_FINDINGS = 20
"""Findings kept per rule as evidence; the others are counted, so that memory stays bounded in a load test."""
KEPT_OF_OTHER_KINDS = 20
"""Findings kept beyond `KEPT_FINDINGS`, each with a new fingerprint."""
KEPT_KINDS = 200
"""Fingerprints counted separately per rule; findings with any other are counted as `OTHER_KINDS`."""
OTHER_KINDS = "others"
KEPT_SCENES = 5
"""Findings per rule that are kept with their scene."""
STEP_S = 0.1
"""Margins are rounded down to a multiple of this, and to `LONGEST_MARGIN_S`, which bounds the number of counts."""
LONGEST_MARGIN_S = 60.0


@dataclass(frozen=True)
class Finding:
    """A violation of a rule, with its evidence."""

    card: Card
    evidence: Broken
    fingerprint: str = ""
    waived: bool = False
    scene: Scene | None = None
    """The observations around it; for the first findings of a rule, where there is an evidence history."""
    cited: tuple[Exchange, ...] = ()
    """The cited exchanges without their contents, where there is an evidence history."""
    seen: Observation | None = None
    """The observation that led to it, without its contents; None if only the end of the trace decides."""


@dataclass
class Findings:
    """Findings of one rule: their number by fingerprint, and the first ones."""

    broken: int = 0
    kept: list[tuple[int, Finding]] = field(default_factory=list)
    """The first findings, each with its number among all of the rule."""
    kinds: Counter[str] = field(default_factory=Counter)
    waived: Counter[str] = field(default_factory=Counter)
    excused: Counter[Waiver] = field(default_factory=Counter)
    """Number of waived findings by waiver."""

    @property
    def keeps_scene(self) -> bool:
        """Whether the next finding is kept with its scene."""
        return len(self.kept) < KEPT_SCENES

    def count(self, kind: str, waiver: Waiver | None) -> bool:
        """Count a finding. Return whether to keep it as evidence."""
        new = kind not in self.kinds
        self.broken += 1
        self.kinds[kind] += 1
        if waiver is not None:
            self.waived[kind] += 1
            self.excused[waiver] += 1
        return _is_kept(len(self.kept), new=new)


@dataclass
class Tally:
    """The outcomes of one rule in all spaces."""

    compares_times: bool
    """Whether the findings of the rule are unclear if the mock lagged."""
    held: int = 0
    unclear: Counter[str] = field(default_factory=Counter)
    """Number of unclear outcomes by reason."""
    doubted: list[Finding] = field(default_factory=list)
    """First findings that a lag made unclear; `unclear` has their number."""
    _parts: dict[tuple[int, float], Findings] = field(default_factory=dict)
    """Findings by number of the space and margin in seconds; those that no lag can cause are together."""
    _order: dict[str, int] = field(default_factory=dict)
    """Position of each fingerprint."""

    def part(self, space: int, evidence: Broken) -> Findings:
        """Return the findings with which one of this space and margin is counted."""
        margin_s = evidence.margin_s if self.compares_times else TIMELESS
        key = (-1, TIMELESS) if margin_s == TIMELESS else (space, _rounded(margin_s))
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = Findings()
        return part

    def kind(self, fingerprint: str) -> str:
        """Return the name under which a fingerprint is counted."""
        if fingerprint not in self._order and len(self._order) >= KEPT_KINDS:
            fingerprint = OTHER_KINDS
        self._order.setdefault(fingerprint, len(self._order))
        return fingerprint

    @property
    def broken(self) -> int:
        """Number of all findings."""
        return sum(part.broken for part in self._parts.values())

    @property
    def opportunities(self) -> int:
        return self.held + self.broken + self.unclear.total()

    def settled(self, overloads_s: Mapping[int, float]) -> Findings:
        """Return the findings that an overload of the machine does not make unclear.

        ``overloads_s`` is the longest stall in seconds during the exchanges of each space in which the machine was
        overloaded, by its number.
        """
        return self._merged(
            part for (space, margin_s), part in self._parts.items() if margin_s >= overloads_s.get(space, 0.0)
        )

    def unsettled(self, overloads_s: Mapping[int, float]) -> tuple[Finding, ...]:
        """Return the first findings that a lag, or an overload of the machine, makes unclear."""
        parts = [part for (space, margin_s), part in self._parts.items() if margin_s < overloads_s.get(space, 0.0)]
        return (*self.doubted, *(finding for part in parts for _, finding in part.kept))[:KEPT_FINDINGS]

    def _merged(self, parts: Iterable[Findings]) -> Findings:
        merged = Findings()
        found: list[tuple[int, Finding]] = []
        for part in parts:
            merged.broken += part.broken
            merged.kinds += part.kinds
            merged.waived += part.waived
            merged.excused += part.excused
            found += part.kept
        merged.kinds = Counter(dict(sorted(merged.kinds.items(), key=lambda kind: self._order[kind[0]])))
        kinds: set[str] = set()
        for number, finding in sorted(found, key=lambda one: one[0]):
            if _is_kept(len(merged.kept), new=finding.fingerprint not in kinds):
                scene = finding.scene if merged.keeps_scene else None
                merged.kept.append((number, replace(finding, scene=scene)))
            kinds.add(finding.fingerprint)
        return merged


def _is_kept(kept: int, *, new: bool) -> bool:
    return kept < KEPT_FINDINGS or (new and kept < KEPT_FINDINGS + KEPT_OF_OTHER_KINDS)


def _rounded(margin_s: float) -> float:
    return min(max(math.floor(margin_s / STEP_S) * STEP_S, 0.0), LONGEST_MARGIN_S)
