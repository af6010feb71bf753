"""An MRSS resource reaches Adobe Pass unchanged."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.exchanges import resources
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class MrssPassedIntact(Rule):
    card = Card(
        id="authorization.mrss-passed-intact",
        title="An MRSS resource reaches Adobe Pass unchanged",
        grade=Grade.MUST,
        requirement="The service sends a resource in MRSS format character for character, including CDATA and "
        "ratings.",
        breaks="The TV provider cannot apply parental controls, or does not recognise the resource.",
        remedy="Treat the resource as an opaque string: do not parse it, and escape it only as JSON requires.",
        kinds=("document-altered", "no-resource"),
        citations=(citations.COOKBOOK_REQUIREMENTS, citations.API_AUTHORIZE),
        needs=frozenset({"play"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall) or seen.verb != "play":
            return
        resource = str(seen.arguments.get("resource", ""))
        is_document = resource.lstrip().startswith("<")
        asked = self.facts.devices.during(seen, "decisions.authorize") if is_document else []
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
