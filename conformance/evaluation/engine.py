"""The engine: shows every rule every observation, counts opportunities and comes to one verdict per rule."""

from __future__ import annotations

from bisect import insort
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory, Scene
from pass_harness.conformance.evaluation.fingerprint import fingerprint
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.facilities import describe_needs
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall, moment
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Expectations, Held, Outcome, Unclear
from pass_harness.conformance.rule import Card, Rule

KEPT_FINDINGS = 20
"""Findings kept per rule as evidence; the rest are only counted, so a load test does not fill the memory."""
KEPT_OF_OTHER_KINDS = 20
"""Findings kept beyond those, each with a fingerprint that none of the kept ones has."""
KEPT_KINDS = 200
"""Fingerprints told apart per rule; findings with further ones go under the name `OTHER_KINDS`."""
OTHER_KINDS = "others"
KEPT_SCENES = 5
"""Findings per rule that are kept together with what happened around them."""
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
    fingerprint: str = ""
    waived: bool = False
    scene: Scene | None = None
    """What the device did around it; for the first findings of a rule, where a witness was there."""


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
    kinds: Mapping[str, int]
    """How many findings there were of each fingerprint."""
    waived: Mapping[str, int]
    """How many of these a waiver excuses."""


@dataclass
class _Tally:
    held: int = 0
    broken: int = 0
    findings: list[Finding] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    waived: Counter[str] = field(default_factory=Counter)
    unclear: Counter[str] = field(default_factory=Counter)

    def count(self, evidence: Broken, fingerprint: str, *, waived: bool) -> bool:
        """Counts a finding; whether it is one to keep."""
        new = fingerprint not in self.kinds
        kind = fingerprint if not new or len(self.kinds) < KEPT_KINDS else OTHER_KINDS
        self.broken += 1
        self.kinds[kind] += 1
        if waived:
            self.waived[kind] += 1
        kept = len(self.findings)
        return kept < KEPT_FINDINGS or (new and kept < KEPT_FINDINGS + KEPT_OF_OTHER_KINDS)


@dataclass(frozen=True)
class _Bench:
    """What all worlds of a judgement share."""

    expectations: Expectations
    driven: bool
    tallies: Mapping[str, _Tally]
    history: EvidenceHistory | None
    waivers: Waivers

    def finding(self, world: int, card: Card, evidence: Broken) -> Finding:
        tally = self.tallies[card.id]
        history = self.history
        cited = history.exchanges(world, evidence.exchanges) if history else ()
        kind = fingerprint(card.id, evidence, cited)
        waived = self.waivers.excuse(card.id, evidence, cited)
        kept = tally.count(evidence, kind, waived=waived)
        scene = history.scene(world, evidence) if history and kept and len(tally.findings) < KEPT_SCENES else None
        finding = Finding(card, evidence, kind, waived, scene)
        if kept:
            tally.findings.append(finding)
        return finding


_Watcher = tuple[Callable[[Observation], Iterable[Outcome]], Card, _Tally]
"""A rule's `observe`, and what its outcomes go to."""


class _World:
    """One space: facts and rule objects of its own, and which of these look at each endpoint."""

    def __init__(self, number: int, rules: Iterable[type[Rule]], bench: _Bench) -> None:
        self._number = number
        self._bench = bench
        self._facts = SharedFacts(driven=bench.driven)
        self._rules = [self._seated(rule) for rule in rules]
        self._all = [self._watcher(rule) for rule in self._rules]
        self._shown: dict[str, list[_Watcher]] = {}
        """By endpoint."""

    def observe(self, seen: Observation) -> list[Finding]:
        if self._bench.history:
            self._bench.history.saw(self._number, seen)
        self._facts.observe(seen)
        findings: list[Finding] = []
        for observe, card, tally in self._all if isinstance(seen, VerbCall) else self._watchers(seen.endpoint):
            outcomes = observe(seen)
            if outcomes is ONE_HELD:  # by far the most frequent, besides nothing
                tally.held += 1
            elif outcomes is not NOTHING:
                for outcome in outcomes:
                    if finding := self._take(card, tally, outcome):
                        findings.append(finding)
        return findings

    def finish(self) -> None:
        for rule in self._rules:
            for outcome in rule.finish():
                self._take(rule.card, self._bench.tallies[rule.card.id], outcome)

    def _take(self, card: Card, tally: _Tally, outcome: Outcome) -> Finding | None:
        if isinstance(outcome, Held):
            tally.held += 1
        elif isinstance(outcome, Unclear):
            tally.unclear[outcome.reason] += 1
        else:
            return self._bench.finding(self._number, card, outcome)
        return None

    def _seated(self, rule: type[Rule]) -> Rule:
        made = rule(self._bench.expectations)
        made.facts = self._facts
        return made

    def _watcher(self, rule: Rule) -> _Watcher:
        return rule.observe, rule.card, self._bench.tallies[rule.card.id]

    def _watchers(self, endpoint: str) -> list[_Watcher]:
        shown = self._shown.get(endpoint)
        if shown is None:
            watching = [rule for rule in self._rules if rule.watches is None or endpoint in rule.watches]
            shown = self._shown[endpoint] = [self._watcher(rule) for rule in watching]
        return shown


class Judge:
    """Judges one stream of observations, which must come in order of time (see `in_order`).

    Spaces are worlds of their own, so each has its own set of rule objects. Verbs carry no space: a driver works
    in one, and what it reports belongs to the first world that is seen. Without a driver (``driven`` is False) no
    verb will come, and rules that need them are shown nothing. A ``witness`` gives findings their scenes, and tells
    ``waivers`` the endpoints of what is cited.
    """

    def __init__(
        self,
        rules: Sequence[type[Rule]],
        expectations: Expectations,
        *,
        driven: bool = True,
        history: EvidenceHistory | None = None,
        waivers: Waivers | None = None,
    ) -> None:
        self._rules = tuple(rules)
        self._tallies = {rule.card.id: _Tally() for rule in self._rules}
        self._bench = _Bench(expectations, driven, self._tallies, history, waivers or Waivers())
        self._worlds: dict[str, _World] = {}
        self._first = self._world()

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
            rule
            for rule in self._rules
            if self._bench.driven or rule.judges_without_verbs or not rule.card.judges_app
        ]
        return _World(len(self._worlds), shown, self._bench)

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
            kinds=tally.kinds,
            waived=tally.waived,
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


def lacking(rules: Iterable[type[Rule]], available: frozenset[str] | None) -> dict[str, str]:
    """What rules would need and do not have, by id: verbs or facilities, or a driver at all (None)."""
    wanting = {}
    for rule in rules:
        card = rule.card
        if available is None:
            if card.judges_app:
                wanting[card.id] = "what the service said to the Streaming App (a driver)"
        elif missing := card.needs - available:
            wanting[card.id] = describe_needs(missing)
    return wanting


def in_order(observations: Iterable[Observation], buffer: int = ORDERING_BUFFER) -> Iterator[Observation]:
    """The observations in order of time. They may come late by at most ``buffer`` places, which bounds the memory."""
    ordering = Ordering(buffer)
    for observation in observations:
        if (due := ordering.add(observation)) is not None:
            yield due
    yield from ordering.rest()


class Ordering:
    """`in_order` for observations that come one at a time."""

    def __init__(self, buffer: int = ORDERING_BUFFER) -> None:
        self._buffer = buffer
        self._waiting: deque[Observation] = deque()
        """In order. Nearly all come in order, and the others not late by much, so a heap would be the slower way."""
        self._latest = float("-inf")
        """The moment of the last one of these."""

    def add(self, observation: Observation) -> Observation | None:
        """Takes one, and gives the one, if there is one, that can have nothing before it any more."""
        waiting = self._waiting
        happened = moment(observation)
        if happened >= self._latest:
            waiting.append(observation)
            self._latest = happened
        else:
            insort(waiting, observation, key=moment)
        return waiting.popleft() if len(waiting) > self._buffer else None

    def rest(self) -> Iterator[Observation]:
        """What is left, once nothing more will come."""
        while self._waiting:
            yield self._waiting.popleft()
