"""An MRSS resource reaches Adobe Pass unchanged."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import RecentExchanges
from pass_harness.conformance.facts.exchanges import resources
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity


class MrssPassedIntact(Rule):
    card = Card(
        id="authorization.mrss-passed-intact",
        title="An MRSS resource reaches Adobe Pass unchanged",
        severity=Severity.MUST,
        requirement="The service sends a resource in MRSS format character for character, including CDATA and "
        "ratings.",
        breaks="The TV provider cannot apply parental controls, or does not recognise the resource.",
        remedy="Treat the resource as an opaque string: do not parse it, and escape it only as JSON requires.",
        kinds=("document-altered", "no-resource"),
        citations=(citations.COOKBOOK_REQUIREMENTS, citations.API_AUTHORIZE),
        needs=frozenset({"play"}),
        judges_app=True,
    )
    watches = frozenset({"decisions.authorize"})

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._recent = RecentExchanges()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint == "decisions.authorize":
                self._recent.add(seen)
            return
        resource = str(seen.arguments.get("resource", ""))
        asked = self._recent.during(seen) if seen.verb == "play" and resource.lstrip().startswith("<") else []
        if not asked:
            return
        if any(resource in resources(exchange) for exchange in asked):
            yield HELD
            return
        sent = ", ".join(resources(asked[-1]))
        yield Broken(
            kind="document-altered" if sent else "no-resource",
            exchanges=tuple(exchange.id for exchange in asked),
            device=seen.device,
            expected="the MRSS document as the app sent it",
            observed=sent[:120] or "no resource",
        )
