"""The Experience Cloud ID that the app sent is forwarded."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_QUERIES
from pass_harness.conformance.facts.sessions import STARTS
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

LISTED = PROFILE_QUERIES | DECISIONS | STARTS | {"profiles.partner", "logout"}
"""Endpoints of an app's calls whose pages list AP-Visitor-Identifier."""
HEADER = "ap-visitor-identifier"


class VisitorIdentifierPassed(Rule):
    card = Card(
        id="headers.visitor-identifier-passed",
        title="The service forwards the Experience Cloud ID that the app sent",
        grade=Grade.SHOULD,
        requirement="If the Streaming App sends the visitor's Experience Cloud ID (ECID), the service sends it "
        "unchanged as AP-Visitor-Identifier with the calls for that app.",
        breaks="Adobe's analytics cannot show which visits led to a login or a playback.",
        remedy="Take the ECID from the app's request and send it as AP-Visitor-Identifier with sessions, profiles, "
        "decisions and logout.",
        kinds=("absent", "altered"),
        citations=(citations.COOKBOOK_REQUIREMENTS, citations.HEADER_VISITOR_IDENTIFIER),
        needs=frozenset({"login", "visitor_identifier"}),
        judges_app=True,
        architectures=SERVERS_ONLY,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall) and seen.visitor:
            for exchange in self.facts.devices.during(seen, *LISTED):
                yield HELD if _sent(exchange) == seen.visitor else _lost(exchange, seen.visitor)


def _sent(exchange: Exchange) -> str:
    return exchange.request_headers.get(HEADER, "").strip('"')  # the example of the header's page has quotes


def _lost(exchange: Exchange, visitor: str) -> Broken:
    sent = _sent(exchange)
    return Broken(
        kind="altered" if sent else "absent",
        exchanges=(exchange.id,),
        device=exchange.device,
        expected=f"AP-Visitor-Identifier: {visitor}",
        observed=f"AP-Visitor-Identifier: {sent}" if sent else "no AP-Visitor-Identifier",
    )
