"""Connections to Adobe Pass are reused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN, ended
from pass_harness.conformance.facts.headers import peer_host
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

MIN_CALLS = 50
"""Number of calls below which the rule does not judge."""
CALLS_PER_CONNECTION = 2.0
IDLE_S = 3.0
"""Seconds without a call from an address after which its connections may be closed. Node.js keeps them for 4 s."""
KEPT = 100
"""Number of connections kept for each address."""


class ConnectionsReused(Rule):
    card = Card(
        id="environment.connections-reused",
        title="The service reuses its connections to Adobe Pass",
        grade=Grade.SHOULD,
        requirement="Under steady traffic a connection serves several calls: at least two on average. The rule "
        "judges traces of 50 calls or more, without those after a pause of more than 3 s.",
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
        self._ended: Bounded[str, float] = Bounded()
        """End of the latest call from each address."""
        self._ends: Bounded[str, dict[str, float]] = Bounded()
        """End of the latest call on each of the latest connections of an address."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if not isinstance(seen, VerbCall) and seen.endpoint in NEEDS_TOKEN and seen.connection:
            is_new = self._connections.get(seen.connection) is None
            if is_new:
                self._connections.put(seen.connection, True)
            if self._is_steady(seen):
                self._calls += 1
                if is_new and self._has_idle(seen):
                    self._opened += 1
                    self._latest = (*self._latest, seen.id)[-5:]
            self._note(seen)
        return NOTHING

    def _is_steady(self, seen: Exchange) -> bool:
        """Return whether the address has just made another call, or has one in progress.

        At the beginning of a record without a registration, its connections may be open already.
        """
        address = peer_host(seen)
        before_s = self._ended.get(address)
        self._ended.put(address, max(before_s or 0.0, ended(seen)))
        whole = self.facts.driven or self.facts.has_registration or seen.wall - self.facts.began_s > IDLE_S
        return whole and before_s is not None and seen.wall - before_s <= IDLE_S

    def _has_idle(self, seen: Exchange) -> bool:
        """Return whether the address had a connection without a call in progress that was just in use."""
        ends = (self._ends.get(peer_host(seen)) or {}).values()
        return any(seen.wall - IDLE_S <= end <= seen.wall for end in ends)

    def _note(self, seen: Exchange) -> None:
        ends = self._ends.get(peer_host(seen))
        if ends is None:
            self._ends.put(peer_host(seen), ends := {})
        if seen.status == 0:
            ends.pop(seen.connection, None)  # the connection broke
            return
        ends[seen.connection] = ended(seen)
        if len(ends) > KEPT:
            del ends[next(iter(ends))]

    def finish(self) -> Iterator[Outcome]:
        if self._calls < MIN_CALLS:
            return
        if self._calls >= CALLS_PER_CONNECTION * self._opened:
            yield HELD
            return
        yield Broken(
            kind="too-many-connections",
            exchanges=self._latest,
            device=None,
            expected=f"at least {CALLS_PER_CONNECTION:g} calls per connection on average",
            observed=f"{self._opened} connections for {self._calls} calls",
        )
