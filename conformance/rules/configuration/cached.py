"""The configuration is kept for a while."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import answered_before, ended
from pass_harness.conformance.facts.headers import Platform, platform
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

KEPT = 115.0
"""Adobe proposes two minutes for servers; the margin is for caches that expire on the dot."""


class Cached(Rule):
    card = Card(
        id="configuration.cached",
        title="The configuration is cached for two minutes",
        severity=Severity.SHOULD,
        requirement="A server keeps the configuration of a service provider in memory for each type of platform, for "
        "about two minutes, and serves all viewers from there. Every running instance may have its own.",
        breaks="At the start of an event every viewer costs a call that brings the same list.",
        remedy="Cache the configuration by service provider and platform for 2 to 5 minutes.",
        kinds=("fetched-again",),
        citations=(citations.CHECKLIST_CONFIGURATION_CACHING, citations.FAQ_CONFIGURATION_PLATFORM),
        needs=frozenset({"providers"}),
    )
    watches = frozenset({"configuration"})

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._fetched: Bounded[Platform, list[Exchange]] = Bounded(1000)

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            if seen.verb == "restart":
                self._fetched = Bounded(1000)  # memory is a good place for this cache, so it may be empty now
            elif seen.verb == "providers" and seen.failure is None and self._fetched:
                yield HELD
            return
        if seen.endpoint != "configuration" or seen.status != 200:
            return
        kind = platform(seen)
        kept = [one for one in self._fetched.get(kind) or [] if seen.wall - ended(one) < KEPT]
        # One whose answer was not out yet could not be reused.
        usable = [one for one in kept if answered_before(one, seen)]
        self._fetched.put(kind, [*kept, seen])
        if len(usable) >= self.expectations.instances:
            yield Broken(
                kind="fetched-again",
                exchanges=(usable[-1].id, seen.id),
                device=seen.device,
                expected="the configuration to come from a cache for about 2 minutes",
                observed=f"it was fetched again after {seen.wall - usable[-1].wall:.1f} s",
            )
