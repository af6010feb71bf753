"""The engine: shows every rule every observation, counts opportunities and derives one verdict per rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.fingerprint import fingerprint
from pass_harness.conformance.evaluation.gaps import MISLED, Gaps, MissingBody, ignoring
from pass_harness.conformance.evaluation.lags import Lags, overload_s
from pass_harness.conformance.evaluation.slow_answers import SlowAnswers
from pass_harness.conformance.evaluation.tally import KEPT_FINDINGS, Finding, Tally
from pass_harness.conformance.evaluation.unexercised import reason_in_traffic
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.facts.callers import Callers, Traffic
from pass_harness.conformance.facts.exchanges import brief
from pass_harness.conformance.facts.instances import Instances
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import (
    BOTH,
    NOTHING,
    ONE_HELD,
    OVERLOADED,
    Architecture,
    Broken,
    Expectations,
    Held,
    Outcome,
    Unclear,
)
from pass_harness.conformance.rule import Card, Rule
from pass_harness.mock_server.exchange import Exchange, Stall

KEPT_REASONS = 5
NOT_OF_CLIENTS = "Adobe asks this of servers; the traffic is client-to-server"


class Verdict(StrEnum):
    """The verdict on a rule, as reports print it."""

    PASSED = "passed"
    VIOLATED = "violated"
    NOT_EXERCISED = "not exercised"
    UNTESTABLE = "untestable"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class RuleResult:
    """The result of one rule over the whole stream of observations."""

    card: Card
    verdict: Verdict
    reasons: tuple[str, ...]
    """Reasons why opportunities were unclear (most frequent first) or there were none, or the missing needs."""
    opportunities: int = 0
    broken: int = 0
    """Number of all findings; ``findings`` keeps the first ones."""
    findings: tuple[Finding, ...] = ()
    unclear: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    """Number of findings by fingerprint."""
    waived: Mapping[str, int] = field(default_factory=dict)
    """Number of waived findings by fingerprint."""
    doubted: tuple[Finding, ...] = ()
    """First findings that a lag or an overload made unclear: they may be the causes of findings of other rules."""


@dataclass(frozen=True)
class _Shared:
    """The state that all worlds of a `Judge` share."""

    expectations: Expectations
    driven: bool
    tallies: Mapping[str, Tally]
    history: EvidenceHistory | None
    waivers: Waivers

    def finding(self, world: int, card: Card, evidence: Broken, seen: Observation | None) -> Finding:
        tally = self.tallies[card.id]
        history = self.history
        cited = history.exchanges(world, evidence.exchanges) if history else ()
        kind = fingerprint(card.id, evidence, cited)
        waiver = self.waivers.waiver(card.id, evidence, cited)
        part = tally.part(world, evidence)
        kept = part.count(tally.kind(kind), waiver)
        scene = history.scene(world, evidence) if history and kept and part.keeps_scene else None
        finding = Finding(card, evidence, kind, waiver is not None, scene)
        if kept:
            seen = brief(seen) if isinstance(seen, Exchange) else seen
            finding = replace(finding, cited=tuple(map(brief, cited)), seen=seen)
            part.kept.append((tally.broken, finding))
        return finding

    def doubt(self, world: int, card: Card, evidence: Broken, seen: Observation | None) -> None:
        """Keep a finding that a lag made unclear, without counting it."""
        doubted = self.tallies[card.id].doubted
        if len(doubted) < KEPT_FINDINGS:
            cited = self.history.exchanges(world, evidence.exchanges) if self.history else ()
            kind = fingerprint(card.id, evidence, cited)
            seen = brief(seen) if isinstance(seen, Exchange) else seen
            doubted.append(Finding(card, evidence, kind, cited=tuple(map(brief, cited)), seen=seen))


_Subscription = tuple[Callable[[Observation], Iterable[Outcome]], Card, Tally]
"""A rule's `observe`, its card, and the tally of its outcomes."""


class _World:
    """The rule objects and facts of one space, with an index of rules by endpoint."""

    def __init__(self, number: int, rules: Iterable[type[Rule]], shared: _Shared) -> None:
        self.number = number
        self._shared = shared
        self._lags = Lags(shared.expectations)
        self._lag_limit_ms = shared.expectations.lag_limit_ms
        self.callers = _callers(shared)
        number = shared.expectations.instances
        instances = Instances(number, learns=number == 1 and not shared.driven)
        self.facts = SharedFacts(driven=shared.driven, callers=self.callers, instances=instances)
        self._slow = SlowAnswers(self.facts.devices)
        self._rules = [rule(shared.expectations, self.facts) for rule in rules]
        self.gaps = Gaps({rule.card.id: rule.watches for rule in self._rules})
        self._all = [self._subscription(rule) for rule in self._rules]
        self._first_s: float | None = None
        """Arrival of the first exchange."""
        self._last_s = 0.0
        self._by_endpoint: dict[str, list[_Subscription]] = {}
        self._by_endpoint_of_clients: dict[str, list[_Subscription]] = {}

    def observe(self, seen: Observation) -> list[Finding]:
        if self._shared.history:
            self._shared.history.record(self.number, seen)
        self.facts.observe(seen)
        if seen.lag_ms > self._lag_limit_ms:
            self._lags.add(seen)
        findings: list[Finding] = []
        if isinstance(seen, VerbCall):
            self._slow.observe(seen)
            subscribed = self._all
        else:
            if self._first_s is None:
                self._first_s = seen.wall
            self._last_s = seen.wall
            subscribed = self._subscribed(seen.endpoint)
            if seen.lacks:
                subscribed = self._without_bodies(seen, subscribed)
        for observe, card, tally in subscribed:
            outcomes = observe(seen)
            if outcomes is ONE_HELD:  # the most frequent outcome after NOTHING
                tally.held += 1
            elif outcomes is not NOTHING:
                for outcome in outcomes:
                    if finding := self._count(card, tally, outcome, seen):
                        findings.append(finding)
        return findings

    def overload_s(self, stalls: Sequence[Stall]) -> float:
        """Return the longest of the stalls in seconds if the machine was overloaded during the exchanges; else 0."""
        return overload_s(stalls, self._first_s, self._last_s) if self._first_s is not None else 0.0

    def endpoints(self) -> Iterable[str]:
        """Return the endpoints of the exchanges so far."""
        return {*self._by_endpoint, *self._by_endpoint_of_clients}

    def recall(self, earlier: Exchange) -> None:
        """Read a registration or token request for the facts and the evidence of findings, without judging it."""
        if self._shared.history:
            self._shared.history.record(self.number, earlier)
        self.facts.recall(earlier)

    def finish(self) -> None:
        for rule in self._rules:
            for outcome in rule.finish():
                self._count(rule.card, self._shared.tallies[rule.card.id], outcome, None)

    def _count(self, card: Card, tally: Tally, outcome: Outcome, seen: Observation | None) -> Finding | None:
        if isinstance(outcome, Held):
            tally.held += 1
        elif isinstance(outcome, Unclear):
            tally.unclear[outcome.reason] += 1
        elif self.gaps.mislead(card.id, outcome):
            tally.unclear[MISLED] += 1
        elif unclear := (tally.compares_times and self._lags.doubt(outcome)) or self._slow.doubt(outcome, seen):
            tally.unclear[unclear.reason] += 1
            self._shared.doubt(self.number, card, outcome, seen)
        else:
            return self._shared.finding(self.number, card, outcome, seen)
        return None

    def _without_bodies(self, seen: Exchange, subscribed: Iterable[_Subscription]) -> list[_Subscription]:
        """Count an unclear opportunity for each rule that reads a body which the exchange lacks.

        Return the subscriptions with their outcomes ignored. The rules still see the exchange, because they count
        requests and measure intervals.
        """
        unread = self.gaps.add(seen)
        for rule, reason in unread.items():
            self._shared.tallies[rule].unclear[reason] += 1
        return [
            (ignoring(observe) if card.id in unread else observe, card, tally) for observe, card, tally in subscribed
        ]

    def _subscription(self, rule: Rule) -> _Subscription:
        return rule.observe, rule.card, self._shared.tallies[rule.card.id]

    def _subscribed(self, endpoint: str) -> list[_Subscription]:
        of_client = self.callers.is_client
        known = self._by_endpoint_of_clients if of_client else self._by_endpoint
        subscribed = known.get(endpoint)
        if subscribed is None:
            watching = [rule for rule in self._rules if rule.watches is None or endpoint in rule.watches]
            if of_client:
                watching = [rule for rule in watching if Architecture.CLIENT in rule.card.architectures]
            subscribed = known[endpoint] = [self._subscription(rule) for rule in watching]
        return subscribed


def _callers(shared: _Shared) -> Callers:
    """Return the callers of a new world. A driver carries the app's verbs to a service, which is a server."""
    given = shared.expectations.architecture
    if given is not None:
        return Callers(given, "as configured", shared.expectations.instances)
    if shared.driven:
        return Callers(Architecture.S2S, "the app's verbs went to a service", shared.expectations.instances)
    return Callers(instances=shared.expectations.instances)


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
        self._tallies = {rule.card.id: Tally(rule.compares_times) for rule in self._rules}
        self._shared = _Shared(expectations, driven, self._tallies, history, waivers or Waivers())
        self._stalls: Sequence[Stall] = ()
        self._worlds: dict[str, _World] = {}
        self._first = self._world()

    def learn_devices(self, observations: Sequence[Observation]) -> None:
        """Learn the identifiers of the virtual devices from all observations of a run, before the first `observe`."""
        self._first.facts.devices.learn(observations)

    def recall(self, earlier: Iterable[Exchange]) -> None:
        """Read registrations and token requests from before the judged exchanges, in order of time.

        They are facts that no rule judges: a service may have fetched its access token when it booted.
        """
        for exchange in earlier:
            if exchange.replay_of is None:
                self._world_of(exchange).recall(exchange)

    def observe(self, seen: Observation) -> list[Finding]:
        """Show the rules an observation. Return the findings that it leads to.

        They do not see replays, which a user of the mock has sent and not the service.
        """
        if isinstance(seen, Exchange) and seen.replay_of is not None:
            return []
        return self._world_of(seen).observe(seen)

    def stalled(self, stalls: Sequence[Stall]) -> None:
        """Set the stalls of the mock up to now, which decide which findings an overload makes unclear."""
        self._stalls = stalls

    def overload_s(self) -> float:
        """Return the longest stall in seconds in a space during which the machine was overloaded; 0 without one."""
        return max(self._overloads().values())

    def conclude(self, *, untestable: Mapping[str, str] | None = None) -> list[RuleResult]:
        """Return the results in the order of the rules. Call it once, at the end.

        ``untestable`` maps rule ids to missing needs ("verb logout"). It decides the verdict only of rules without an
        opportunity.
        """
        for world in self._each_world():
            world.finish()
        overloads = self._overloads()
        for tally in self._tallies.values():
            self._shared.waivers.excused.update(tally.settled(overloads).excused)
        return self.so_far(untestable=untestable)

    def so_far(self, *, untestable: Mapping[str, str] | None = None) -> list[RuleResult]:
        """Return the results up to now, without outcomes that need the end of the stream."""
        only_clients = self.traffic().architecture == Architecture.CLIENT
        overloads = self._overloads()
        return [
            _not_asked(rule.card)
            if only_clients and Architecture.CLIENT not in rule.card.architectures
            else self._result(rule, (untestable or {}).get(rule.card.id), overloads)
            for rule in self._rules
        ]

    def opportunities(self) -> dict[str, int]:
        """Return the number of opportunities up to now, by rule id."""
        return {rule: tally.opportunities for rule, tally in self._tallies.items()}

    def traffic(self) -> Traffic:
        """Return the architecture of all traffic up to now."""
        found = [world.callers.traffic() for world in self._each_world()]
        found = [traffic for traffic in found if traffic.architecture] or found[:1]
        if len({traffic.architecture for traffic in found}) > 1:
            return Traffic(BOTH, "the spaces of the mock differ")
        return found[0]

    def version1_calls(self) -> dict[str, int]:
        """Return the number of calls of REST API V1 by beginning of path; empty if there are calls of V2."""
        calls: Counter[str] = Counter()
        for world in self._each_world():
            if world.facts.version1.beside_v2:
                return {}
            calls += world.facts.version1.calls
        return dict(calls)

    def missing_bodies(self) -> Mapping[MissingBody, int]:
        """Return the number of exchanges without a body that a rule reads; `by_body` gives their sums."""
        found: Counter[MissingBody] = Counter()
        for world in self._each_world():
            found += world.gaps.missing
        return found

    def _each_world(self) -> list[_World]:
        return [self._first, *(world for world in self._worlds.values() if world is not self._first)]

    def _overloads(self) -> dict[int, float]:
        """Return the result of `_World.overload_s` by number of the world."""
        return {world.number: world.overload_s(self._stalls) for world in self._each_world()}

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

    def _result(self, rule: type[Rule], lacking: str | None, overloads: Mapping[int, float]) -> RuleResult:
        card = rule.card
        tally = self._tallies[card.id]
        found = tally.settled(overloads)
        unclear = tally.unclear + Counter({OVERLOADED: tally.broken - found.broken})
        reasons = tuple(reason for reason, _ in unclear.most_common(KEPT_REASONS))
        verdict = _verdict(found.broken, unclear.total(), tally.held, lacking)
        if verdict is Verdict.NOT_EXERCISED:
            seen = {endpoint for world in self._each_world() for endpoint in world.endpoints()}
            reasons = (reason_in_traffic(rule.watches, seen),)
        return RuleResult(
            card=card,
            verdict=verdict,
            opportunities=tally.opportunities,
            broken=found.broken,
            findings=tuple(finding for _, finding in found.kept),
            unclear=unclear.total(),
            reasons=(lacking,) if verdict is Verdict.UNTESTABLE and lacking else reasons,
            kinds=found.kinds,
            waived=found.waived,
            doubted=tally.unsettled(overloads),
        )


def _not_asked(card: Card) -> RuleResult:
    """Return the result of a rule that does not apply to the architecture, whatever it found before that showed."""
    return RuleResult(card, Verdict.NOT_EXERCISED, (NOT_OF_CLIENTS,))


def _verdict(broken: int, unclear: int, held: int, lacking: str | None) -> Verdict:
    # An opportunity that could not be judged may have been a violation, so it outweighs those that held.
    if broken:
        return Verdict.VIOLATED
    if unclear:
        return Verdict.INCONCLUSIVE
    if held:
        return Verdict.PASSED
    return Verdict.UNTESTABLE if lacking else Verdict.NOT_EXERCISED
