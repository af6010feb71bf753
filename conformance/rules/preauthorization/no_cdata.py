"""Resources to preauthorize have no CDATA section."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.facts.exchanges import resources
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule

CDATA = "<![CDATA["


class NoCdata(Rule):
    card = Card(
        id="preauthorization.no-cdata",
        title="Resources to preauthorize have no CDATA section",
        grade=Grade.SHOULD,
        requirement="Preauthorization is for channels, whose resources are simple names or MRSS documents without "
        "CDATA sections. Documents of single assets with CDATA are for authorization.",
        breaks="The TV provider does not recognise the resource, and content of the subscription appears as denied.",
        remedy="Preauthorize the channel, and send the document of the asset with the authorization alone.",
        kinds=("section-sent",),
        citations=(citations.DECISIONS_RESOURCES,),
        needs=frozenset({"preauthorize"}),
    )
    compares_times = False
    watches = frozenset({"decisions.preauthorize"})

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        asked = () if isinstance(seen, VerbCall) else resources(seen)
        if isinstance(seen, VerbCall) or not asked:
            return NOTHING
        found = next((resource for resource in asked if CDATA in resource), None)
        if found is None:
            return ONE_HELD
        return (
            Broken(
                kind="section-sent",
                exchanges=(seen.id,),
                device=seen.device,
                expected="a simple name, or an MRSS document without CDATA",
                observed=found[:120],
            ),
        )
