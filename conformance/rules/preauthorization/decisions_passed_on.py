"""The app gets the preauthorization decisions unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pass_harness.conformance.facts.preauthorized import preauthorized
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class DecisionsPassedOn(Rule):
    card = Card(
        id="preauthorization.decisions-passed-on",
        title="The app gets the preauthorization decisions unchanged",
        grade=Grade.MUST,
        requirement="The service returns the permits and denials of a preauthorization to the Streaming App.",
        breaks="The app shows content that cannot be played, or hides content that the viewer pays for.",
        remedy="Return every permitted resource as permitted and every denied one as denied.",
        kinds=("permit-withheld", "denial-given-as-permit", "denial-withheld"),
        citations=(citations.COOKBOOK_PREAUTHORIZE, citations.FAQ_PREAUTHORIZATION_DENIAL),
        needs=frozenset({"preauthorize"}),
        judges_app=True,
        architectures=SERVERS_ONLY,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall) or seen.verb != "preauthorize" or "permitted" not in seen.returns:
            return
        if seen.failure is not None and "permitted" not in seen.lacks:
            return
        asked, latest = preauthorized(seen, self.facts.devices)
        wrong = next((wrong for name, made in latest.items() if (wrong := _wrong(name, made, seen))), None)
        if latest:
            yield HELD if wrong is None else self._altered(wrong, asked, seen)

    def _altered(self, wrong: Fault, asked: list[Exchange], call: VerbCall) -> Broken:
        return Broken(
            kind=wrong.kind,
            exchanges=tuple(exchange.id for exchange in asked),
            device=call.device,
            expected="the decisions of Adobe Pass",
            observed=wrong.observed,
        )


def _wrong(resource: str, decision: Mapping[str, Any], call: VerbCall) -> Fault | None:
    returns = call.returns
    shown = resource in (returns["permitted"] or [])
    if decision.get("authorized") is True:
        if shown:
            return None
        return Fault("permit-withheld", f"{resource} was permitted, but the app did not get the permit")
    if shown:
        return Fault("denial-given-as-permit", f"{resource} was denied, but the app got a permit")
    if "denied" in returns and resource not in (returns["denied"] or []):
        return Fault("denial-withheld", f"{resource} was denied, but the app did not get the denial")
    return None
