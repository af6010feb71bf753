"""New connections follow a change of the data centre in DNS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.devices import SLACK_S
from pass_harness.conformance.facts.exchanges import sent_by_browser
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

DNS_CACHE_S = 30.0
MARGIN_S = 1.5
"""Seconds between a DNS response and a connection that is based on it."""


class DnsAtMost30s(Rule):
    card = Card(
        id="environment.dns-at-most-30s",
        title="New connections follow a DNS change to another data centre within 30 s",
        grade=Grade.MUST,
        requirement="Adobe moves traffic to another data centre by changing DNS, so the service caches a resolved "
        "address for at most 30 s. More than 31.5 s after the name moved, no new connection goes to the old address. "
        "The rule does not judge connections since a scenario restarted the service with another address of Adobe "
        "Pass.",
        breaks="When Adobe moves traffic away from a failing data centre, the service keeps calling it.",
        remedy="Respect the DNS TTL, switch off runtime caches that ignore it (such as the JVM's), and close pooled "
        "connections that have been idle for 30 s.",
        kinds=("old-data-centre",),
        citations=(citations.COOKBOOK_ENVIRONMENTS,),
        needs=frozenset({"login", "data_centres"}),
        architectures=SERVERS_ONLY,
    )

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._connections: Bounded[str, bool] = Bounded()
        self._moved: VerbCall | None = None
        self._late: list[tuple[Exchange, Broken]] = []
        """Possible breaches: the end of a repointing, which comes after its connections, may explain them."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            if seen.verb == "fail_over":
                self._moved = seen
            return self._repointed(seen) if seen.verb == "repoint" else NOTHING
        if self._connections.get(seen.connection) is not None or sent_by_browser(seen):
            return NOTHING
        self._connections.put(seen.connection, True)
        if self._moved is None or seen.wall - self._moved.ended <= DNS_CACHE_S + MARGIN_S:
            return NOTHING
        return self._judge(self._moved, seen)

    def _judge(self, moved: VerbCall, seen: Exchange) -> Iterator[Outcome]:
        if _host(seen.server) == moved.arguments["to"]:
            yield HELD
        elif _host(seen.server) == moved.arguments["from"]:
            late = Broken(
                kind="old-data-centre",
                exchanges=(seen.id,),
                device=seen.device,
                expected=f"new connections to {moved.arguments['to']}, in DNS for more than {DNS_CACHE_S:g} s",
                observed=f"one to {moved.arguments['from']}, {span(seen.wall - moved.ended)} after the DNS change",
                margin_s=seen.wall - moved.ended - DNS_CACHE_S - MARGIN_S,
            )
            self._late.append((seen, late))

    def _repointed(self, call: VerbCall) -> Iterator[Outcome]:
        """Judge the connections before the repointing; those during and after it go where the suite sends them."""
        yield from (late for seen, late in self._late if seen.wall < call.started - SLACK_S)
        self._late.clear()
        self._moved = None

    def finish(self) -> Iterator[Outcome]:
        yield from (late for _, late in self._late)


def _host(server: str) -> str:
    return server.rpartition(":")[0]
