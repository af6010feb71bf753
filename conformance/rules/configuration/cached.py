"""The configuration is cached for about two minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import answered_before, ended
from pass_harness.conformance.facts.headers import Platform, forwarded_for, peer_host, platform
from pass_harness.conformance.facts.instances import Doubts
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

CACHED_S = 100.0
"""Seconds. Adobe proposes two minutes for servers; the margin is for lifetimes with jitter, as caches of several
instances have them so that they do not expire together."""


class Cached(Rule):
    card = Card(
        id="configuration.cached",
        title="The service caches the configuration for about two minutes",
        grade=Grade.SHOULD,
        requirement="The service caches the configuration of a service provider in memory, separately for each type "
        "of platform, for about two minutes and serves all viewers from the cache. Each running instance may have "
        "its own cache. An app that calls Adobe Pass itself keeps the configuration in memory for its own viewer. "
        "In a trace without verbs, one repetition on another connection, and any number of those for no device, may "
        "be of a service that started again.",
        breaks="At the start of an event, every viewer causes a call that returns the same list.",
        remedy="Cache the configuration by service provider and platform for 2 to 5 minutes.",
        kinds=("fetched-again",),
        citations=(citations.CHECKLIST_CONFIGURATION_CACHING, citations.FAQ_CONFIGURATION_PLATFORM),
        needs=frozenset({"providers"}),
    )
    watches = frozenset({"configuration"})

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._fetched: Bounded[tuple[Platform, str], list[Exchange]] = Bounded(1000)
        self._doubts = Doubts(facts.instances)

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            if seen.verb == "restart":
                self._fetched = Bounded(1000)  # the cache may be in memory, so it may be empty now
            elif seen.verb == "providers" and seen.failure is None and self._fetched:
                yield HELD
            return
        if seen.endpoint != "configuration" or seen.status != 200:
            return
        kind = platform(seen), self._owner(seen)
        kept = [one for one in self._fetched.get(kind) or [] if seen.wall - ended(one) < CACHED_S]
        # The service cannot reuse a configuration whose response was still in progress.
        usable = self._since_restart([one for one in kept if answered_before(one, seen)], seen)
        self._fetched.put(kind, [*kept, seen])
        yield from self._doubts.passed()
        if len(usable) >= self.facts.instances.at_each_address():
            pauses = [seen.wall - ended(one) for one in usable]
            broken = Broken(
                kind="fetched-again",
                exchanges=(usable[-1].id, seen.id),
                device=seen.device,
                expected="the configuration from a cache for about 2 minutes",
                observed=f"the configuration was fetched again after {span(seen.wall - usable[-1].wall)}",
                margin_s=max(min(*pauses, CACHED_S - max(pauses)), 0.0),
            )
            yield from self._doubts.add(broken, len(usable) * self.facts.instances.addresses + 1)

    def finish(self) -> Iterator[Outcome]:
        return self._doubts.finish()

    def _since_restart(self, fetched: Sequence[Exchange], seen: Exchange) -> Sequence[Exchange]:
        """Return the earlier fetches without those that a restart of the service explains.

        A trace without verbs does not show restarts, but a connection outlives none; some archives name none. A fetch
        for no device may be that of a start; the others may have one restart between them. Another address is that of
        another instance.
        """
        if self.facts.driven or not fetched:
            return fetched
        # An archive may lack connections; then any may be another one.
        if not seen.device and forwarded_for(seen) is None:
            return [one for one in fetched if seen.connection and one.connection == seen.connection]
        fetched = [one for one in fetched if peer_host(one) == peer_host(seen)]
        same = fetched and seen.connection and fetched[-1].connection == seen.connection
        return fetched if same else fetched[1:]

    def _owner(self, seen: Exchange) -> str:
        """Return the app that has a cache of its own; empty for a server, which serves all viewers from one."""
        return seen.client_id or seen.device or seen.peer if self.facts.callers.is_client else ""
