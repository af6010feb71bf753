"""The configuration is cached for about two minutes."""

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

CACHED_S = 115.0
"""Seconds. Adobe proposes two minutes for servers; the margin is for caches that expire exactly then."""


class Cached(Rule):
    card = Card(
        id="configuration.cached",
        title="The service caches the configuration for about two minutes",
        severity=Severity.SHOULD,
        requirement="The service caches the configuration of a service provider in memory, separately for each type "
        "of platform, for about two minutes and serves all viewers from the cache. Each running instance may have "
        "its own cache.",
        breaks="At the start of an event, every viewer causes a call that returns the same list.",
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
                self._fetched = Bounded(1000)  # the cache may be in memory, so it may be empty now
            elif seen.verb == "providers" and seen.failure is None and self._fetched:
                yield HELD
            return
        if seen.endpoint != "configuration" or seen.status != 200:
            return
        kind = platform(seen)
        kept = [one for one in self._fetched.get(kind) or [] if seen.wall - ended(one) < CACHED_S]
        # The service cannot reuse a configuration whose response was still in progress.
        usable = [one for one in kept if answered_before(one, seen)]
        self._fetched.put(kind, [*kept, seen])
        if len(usable) >= self.expectations.instances:
            yield Broken(
                kind="fetched-again",
                exchanges=(usable[-1].id, seen.id),
                device=seen.device,
                expected="the configuration from a cache for about 2 minutes",
                observed=f"the configuration was fetched again after {seen.wall - usable[-1].wall:.1f} s",
            )
