"""Connections to Adobe Pass are reused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Grade, Rule

MIN_CALLS = 50
"""Number of calls below which the rule does not judge."""
CALLS_PER_CONNECTION = 2.0


class ConnectionsReused(Rule):
    card = Card(
        id="environment.connections-reused",
        title="The service reuses its connections to Adobe Pass",
        grade=Grade.SHOULD,
        requirement="Under steady traffic a connection serves several calls: at least two on average. The rule "
        "judges traces of 50 calls or more.",
        breaks="Each call pays for a new TCP and TLS handshake, and under load the service runs out of ports.",
        remedy="Use one HTTP client with a connection pool and keep-alive for the whole service.",
        kinds=("too-many-connections",),
        citations=(citations.AI_RULES_PERFORMANCE, citations.COOKBOOK_ENVIRONMENTS),
        architectures=SERVERS_ONLY,
    )
    watches = NEEDS_TOKEN

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._connections: Bounded[str, bool] = Bounded()
        self._calls = 0
        self._opened = 0
        self._latest: tuple[int, ...] = ()

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if not isinstance(seen, VerbCall) and seen.endpoint in NEEDS_TOKEN and seen.connection:
            self._calls += 1
            if self._connections.get(seen.connection) is None:
                self._opened += 1
                self._latest = (*self._latest, seen.id)[-5:]
                self._connections.put(seen.connection, True)
        return NOTHING

    def finish(self) -> Iterator[Outcome]:
        if self._calls < MIN_CALLS:
            return
        if self._calls / self._opened >= CALLS_PER_CONNECTION:
            yield HELD
            return
        yield Broken(
            kind="too-many-connections",
            exchanges=self._latest,
            device=None,
            expected=f"at least {CALLS_PER_CONNECTION:g} calls per connection on average",
            observed=f"{self._opened} connections for {self._calls} calls",
        )
