"""The engine: shows every rule every observation, counts opportunities and derives one verdict per rule."""

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
"""Findings kept per rule as evidence; the others are counted, so that memory stays bounded in a load test."""
KEPT_OF_OTHER_KINDS = 20
"""Findings kept beyond `KEPT_FINDINGS`, each with a new fingerprint."""
KEPT_KINDS = 200
"""Fingerprints counted separately per rule; findings with any other are counted as `OTHER_KINDS`."""
OTHER_KINDS = "others"
KEPT_SCENES = 5
"""Findings per rule that are kept with their scene."""
KEPT_REASONS = 5
ORDERING_BUFFER = 2_000


class Verdict(StrEnum):
    """The verdict on a rule, as reports print it."""

    PASSED = "passed"
    VIOLATED = "violated"
    NOT_EXERCISED = "not exercised"
    UNTESTABLE = "untestable"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Finding:
    """A violation of a rule, with its evidence."""

    card: Card
    evidence: Broken
    fingerprint: str = ""
    waived: bool = False
    scene: Scene | None = None
    """The observations around it; for the first findings of a rule, where there is an evidence history."""


@dataclass(frozen=True)
class RuleResult:
    """The result of one rule over the whole stream of observations."""

    card: Card
    verdict: Verdict
    opportunities: int
    broken: int
    """Number of all findings; ``findings`` keeps the first ones."""
    findings: tuple[Finding, ...]
    unclear: int
    reasons: tuple[str, ...]
    """Reasons why opportunities could not be judged, or the missing needs of the rule; most frequent first."""
    kinds: Mapping[str, int]
    """Number of findings by fingerprint."""
    waived: Mapping[str, int]
    """Number of waived findings by fingerprint."""


@dataclass
class _Tally:
    held: int = 0
    broken: int = 0
    findings: list[Finding] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    waived: Counter[str] = field(default_factory=Counter)
    unclear: Counter[str] = field(default_factory=Counter)

    def count(self, evidence: Broken, fingerprint: str, *, waived: bool) -> bool:
        """Count a finding. Return whether to keep it as evidence."""
        new = fingerprint not in self.kinds
        kind = fingerprint if not new or len(self.kinds) < KEPT_KINDS else OTHER_KINDS
        self.broken += 1
        self.kinds[kind] += 1
        if waived:
            self.waived[kind] += 1
        kept = len(self.findings)
        return kept < KEPT_FINDINGS or (new and kept < KEPT_FINDINGS + KEPT_OF_OTHER_KINDS)


@dataclass(frozen=True)
class _Shared:
    """The state that all worlds of a `Judge` share."""

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


_Subscription = tuple[Callable[[Observation], Iterable[Outcome]], Card, _Tally]
"""A rule's `observe`, its card, and the tally of its outcomes."""


class _World:
    """The rule objects and facts of one space, with an index of rules by endpoint."""

    def __init__(self, number: int, rules: Iterable[type[Rule]], shared: _Shared) -> None:
        self._number = number
        self._shared = shared
        self._facts = SharedFacts(driven=shared.driven)
        self._rules = [self._instance(rule) for rule in rules]
        self._all = [self._subscription(rule) for rule in self._rules]
        self._by_endpoint: dict[str, list[_Subscription]] = {}

    def observe(self, seen: Observation) -> list[Finding]:
        if self._shared.history:
            self._shared.history.record(self._number, seen)
        self._facts.observe(seen)
        findings: list[Finding] = []
        for observe, card, tally in self._all if isinstance(seen, VerbCall) else self._subscribed(seen.endpoint):
            outcomes = observe(seen)
            if outcomes is ONE_HELD:  # the most frequent outcome after NOTHING
                tally.held += 1
            elif outcomes is not NOTHING:
                for outcome in outcomes:
                    if finding := self._count(card, tally, outcome):
                        findings.append(finding)
        return findings

    def finish(self) -> None:
        for rule in self._rules:
            for outcome in rule.finish():
                self._count(rule.card, self._shared.tallies[rule.card.id], outcome)

    def _count(self, card: Card, tally: _Tally, outcome: Outcome) -> Finding | None:
        if isinstance(outcome, Held):
            tally.held += 1
        elif isinstance(outcome, Unclear):
            tally.unclear[outcome.reason] += 1
        else:
            return self._shared.finding(self._number, card, outcome)
        return None

    def _instance(self, rule: type[Rule]) -> Rule:
        instance = rule(self._shared.expectations)
        instance.facts = self._facts
        return instance

    def _subscription(self, rule: Rule) -> _Subscription:
        return rule.observe, rule.card, self._shared.tallies[rule.card.id]

    def _subscribed(self, endpoint: str) -> list[_Subscription]:
        subscribed = self._by_endpoint.get(endpoint)
        if subscribed is None:
            watching = [rule for rule in self._rules if rule.watches is None or endpoint in rule.watches]
            subscribed = self._by_endpoint[endpoint] = [self._subscription(rule) for rule in watching]
        return subscribed


class Judge:
    """The evaluation of one stream of observations, which must come in order of time (see `in_order`).

    Each space has its own set of rule objects. Verbs carry no space, since a driver works in one; they belong to the
    first space that is seen. Without a driver (``driven`` is False) no verbs come, and rules that need them see
    nothing. ``history`` gives findings their scenes, and ``waivers`` the endpoints of cited exchanges.
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
        self._shared = _Shared(expectations, driven, self._tallies, history, waivers or Waivers())
        self._worlds: dict[str, _World] = {}
        self._first = self._world()

    def observe(self, seen: Observation) -> list[Finding]:
        """Show the rules an observation. Return the findings that it leads to."""
        return self._world_of(seen).observe(seen)

    def conclude(self, *, untestable: Mapping[str, str] | None = None) -> list[RuleResult]:
        """Return the results in the order of the rules. Call it once, at the end.

        ``untestable`` maps rule ids to missing needs ("verb logout"). It decides the verdict only of rules without an
        opportunity.
        """
        for world in (self._first, *(world for world in self._worlds.values() if world is not self._first)):
            world.finish()
        return self.so_far(untestable=untestable)

    def so_far(self, *, untestable: Mapping[str, str] | None = None) -> list[RuleResult]:
        """Return the results up to now, without outcomes that need the end of the stream."""
        return [self._result(rule.card, (untestable or {}).get(rule.card.id)) for rule in self._rules]

    def opportunities(self) -> dict[str, int]:
        """Return the number of opportunities up to now, by rule id."""
        return {rule: tally.held + tally.broken + tally.unclear.total() for rule, tally in self._tallies.items()}

    def _world(self) -> _World:
        applicable = [
            rule
            for rule in self._rules
            if self._shared.driven or rule.judges_without_verbs or not rule.card.judges_app
        ]
        return _World(len(self._worlds), applicable, self._shared)

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
    # An opportunity that could not be judged may have been a violation, so it outweighs those that held.
    if tally.broken:
        return Verdict.VIOLATED
    if tally.unclear:
        return Verdict.INCONCLUSIVE
    if tally.held:
        return Verdict.PASSED
    return Verdict.UNTESTABLE if lacking else Verdict.NOT_EXERCISED


def lacking(rules: Iterable[type[Rule]], available: frozenset[str] | None) -> dict[str, str]:
    """Return the missing needs of rules by id: verbs and facilities, or a driver where ``available`` is None."""
    missing_by_rule = {}
    for rule in rules:
        card = rule.card
        if available is None:
            if card.judges_app:
                missing_by_rule[card.id] = "the answers of the service to the Streaming App (a driver)"
        elif missing := card.needs - available:
            missing_by_rule[card.id] = describe_needs(missing)
    return missing_by_rule


def in_order(observations: Iterable[Observation], buffer: int = ORDERING_BUFFER) -> Iterator[Observation]:
    """Yield observations in order of time. Each may be at most ``buffer`` places late, which bounds the memory."""
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
        """Sorted by time. Nearly all observations come in order and the others a little late, so a heap is slower."""
        self._latest = float("-inf")
        """The time of the last one."""

    def add(self, observation: Observation) -> Observation | None:
        """Add an observation. Return the earliest one once ``buffer`` later ones have come, else None."""
        waiting = self._waiting
        happened = moment(observation)
        if happened >= self._latest:
            waiting.append(observation)
            self._latest = happened
        else:
            insort(waiting, observation, key=moment)
        return waiting.popleft() if len(waiting) > self._buffer else None

    def rest(self) -> Iterator[Observation]:
        """Yield the remaining observations at the end of the stream."""
        while self._waiting:
            yield self._waiting.popleft()
