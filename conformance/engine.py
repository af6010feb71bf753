"""The engine: shows every rule every observation, counts opportunities and comes to one verdict per rule."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from conformance.observation import Observation, VerbCall, moment
from conformance.rule import HELD, Broken, Card, Expectations, Outcome, Rule, Unclear

KEPT_FINDINGS = 20
"""Findings kept per rule as evidence; the rest are only counted, so a load test does not fill the memory."""
KEPT_REASONS = 5
ORDERING_BUFFER = 2_000


class Verdict(StrEnum):
    """What became of a rule. The words are those that reports print."""

    PASSED = "passed"
    VIOLATED = "violated"
    NOT_EXERCISED = "not exercised"
    UNTESTABLE = "untestable"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Finding:
    """One breach of one rule, with its evidence."""

    card: Card
    evidence: Broken


@dataclass(frozen=True)
class RuleResult:
    """What the whole stream of observations says of one rule."""

    card: Card
    verdict: Verdict
    opportunities: int
    broken: int
    """How many findings there were in all; ``findings`` keeps the first ones."""
    findings: tuple[Finding, ...]
    unclear: int
    reasons: tuple[str, ...]
    """Why opportunities could not be judged, or what the rule needed and did not have; most frequent first."""


@dataclass
class _Tally:
    held: int = 0
    broken: int = 0
    findings: list[Finding] = field(default_factory=list)
    unclear: Counter[str] = field(default_factory=Counter)

    def add(self, card: Card, outcome: Outcome) -> Finding | None:
        if isinstance(outcome, Broken):
            finding = Finding(card, outcome)
            self.broken += 1
            if len(self.findings) < KEPT_FINDINGS:
                self.findings.append(finding)
            return finding
        if isinstance(outcome, Unclear):
            self.unclear[outcome.reason] += 1
        else:
            self.held += 1
        return None


class _World:
    """One space: rule objects of its own, and which of them look at each endpoint."""

    def __init__(
        self, rules: Iterable[type[Rule]], expectations: Expectations, tallies: Mapping[str, _Tally]
    ) -> None:
        self.rules = tuple((rule(expectations), tallies[rule.card.id]) for rule in rules)
        self._watching: dict[str, tuple[tuple[Rule, _Tally], ...]] = {}

    def observe(self, seen: Observation) -> list[Finding]:
        findings: list[Finding] = []
        for rule, tally in self.rules if isinstance(seen, VerbCall) else self._watchers(seen.endpoint):
            for outcome in rule.observe(seen):
                if outcome is HELD:  # by far the most frequent
                    tally.held += 1
                elif finding := tally.add(rule.card, outcome):
                    findings.append(finding)
        return findings

    def finish(self) -> None:
        for rule, tally in self.rules:
            for outcome in rule.finish():
                tally.add(rule.card, outcome)

    def _watchers(self, endpoint: str) -> tuple[tuple[Rule, _Tally], ...]:
        watching = self._watching.get(endpoint)
        if watching is None:
            watching = tuple(pair for pair in self.rules if pair[0].watches is None or endpoint in pair[0].watches)
            self._watching[endpoint] = watching
        return watching


class Judge:
    """Judges one stream of observations, which must come in order of time (see `in_order`).

    Spaces are worlds of their own, so each has its own set of rule objects. Verbs carry no space: a driver works
    in one, and what it reports belongs to the first world that is seen. Without a driver (``driven`` is False) no
    verb will come, and rules that need them are shown nothing.
    """

    def __init__(self, rules: Sequence[type[Rule]], expectations: Expectations, *, driven: bool = True) -> None:
        self._rules = tuple(rules)
        self._expectations = expectations
        self._driven = driven
        self._tallies = {rule.card.id: _Tally() for rule in self._rules}
        self._first = self._world()
        self._worlds: dict[str, _World] = {}

    def observe(self, seen: Observation) -> list[Finding]:
        """Shows the rules one observation; the findings it led to."""
        return self._world_of(seen).observe(seen)

    def conclude(self, *, untestable: Mapping[str, str] | None = None) -> list[RuleResult]:
        """The results in the order of the rules; call it once, at the end.

        ``untestable`` says of rules by id what they would have needed ("verb logout"). It decides the verdict
        only where a rule had no opportunity at all.
        """
        for world in (self._first, *(world for world in self._worlds.values() if world is not self._first)):
            world.finish()
        return self.so_far(untestable=untestable)

    def so_far(self, *, untestable: Mapping[str, str] | None = None) -> list[RuleResult]:
        """The results up to now, as `conclude` gives them, without what can only be judged at the end."""
        return [self._result(rule.card, (untestable or {}).get(rule.card.id)) for rule in self._rules]

    def opportunities(self) -> dict[str, int]:
        """How many opportunities each rule has had so far, by id."""
        return {rule: tally.held + tally.broken + tally.unclear.total() for rule, tally in self._tallies.items()}

    def _world(self) -> _World:
        shown = [
            rule for rule in self._rules if self._driven or rule.judges_without_verbs or not rule.card.judges_app
        ]
        return _World(shown, self._expectations, self._tallies)

    def _world_of(self, seen: Observation) -> _World:
        if isinstance(seen, VerbCall):
            return self._first
        world = self._worlds.get(seen.space)
        if world is None:
            world = self._worlds[seen.space] = self._world() if self._worlds else self._first
        return world

    def _result(self, card: Card, lacking: str | None) -> RuleResult:
        tally = self._tallies[card.id]
        reasons = tuple(reason for reason, _ in tally.unclear.most_common(KEPT_REASONS))
        verdict = _verdict(tally, lacking)
        return RuleResult(
            card=card,
            verdict=verdict,
            opportunities=tally.held + tally.broken + tally.unclear.total(),
            broken=tally.broken,
            findings=tuple(tally.findings),
            unclear=tally.unclear.total(),
            reasons=(lacking,) if verdict is Verdict.UNTESTABLE and lacking else reasons,
        )


def _verdict(tally: _Tally, lacking: str | None) -> Verdict:
    # An opportunity that could not be judged might have been a breach, so it is never outvoted by those that held.
    if tally.broken:
        return Verdict.VIOLATED
    if tally.unclear:
        return Verdict.INCONCLUSIVE
    if tally.held:
        return Verdict.PASSED
    return Verdict.UNTESTABLE if lacking else Verdict.NOT_EXERCISED


def lacking(rules: Iterable[type[Rule]], verbs: frozenset[str] | None) -> dict[str, str]:
    """What rules would need and do not have, by id: verbs that the driver does not map, or a driver at all (None)."""
    wanting = {}
    for rule in rules:
        card = rule.card
        if verbs is None:
            if card.judges_app:
                wanting[card.id] = "what the service said to the Streaming App (a driver)"
        elif missing := sorted(card.needs - verbs):
            wanting[card.id] = f"verb{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
    return wanting


def in_order(observations: Iterable[Observation], buffer: int = ORDERING_BUFFER) -> Iterator[Observation]:
    """The observations in order of time. They may come late by at most ``buffer`` places, which bounds the memory."""
    waiting: list[tuple[float, int, Observation]] = []
    arrivals = count()
    for observation in observations:
        heapq.heappush(waiting, (moment(observation), next(arrivals), observation))
        if len(waiting) > buffer:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
