"""The app gets the preauthorization decisions unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pass_harness.conformance.facts.actions import RecentExchanges
from pass_harness.conformance.facts.exchanges import decisions, denial
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Rule, Severity
from pass_harness.mock_server.exchange import Exchange


class DecisionsPassedOn(Rule):
    card = Card(
        id="preauthorization.decisions-passed-on",
        title="The app gets the preauthorization decisions unchanged",
        severity=Severity.MUST,
        requirement="The service returns permits and denials to the Streaming App, each denial with its message.",
        breaks="The app shows content that cannot be played, or hides content that the viewer pays for.",
        remedy="Return every permitted resource as permitted and every denied one as denied, with the message or "
        "details of its error.",
        kinds=("permit-withheld", "denial-given-as-permit", "denial-withheld", "no-message"),
        citations=(citations.COOKBOOK_PREAUTHORIZE, citations.FAQ_PREAUTHORIZATION_DENIAL),
        needs=frozenset({"preauthorize"}),
        judges_app=True,
    )
    watches = frozenset({"decisions.preauthorize"})

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._recent = RecentExchanges()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint == "decisions.preauthorize" and seen.status == 200:
                self._recent.add(seen)
            return
        if seen.verb != "preauthorize" or seen.failure is not None or "permitted" not in seen.returns:
            return
        asked = self._recent.during(seen)
        latest = {str(decision.get("resource")): decision for one in asked for decision in decisions(one)}
        wrong = next((wrong for name, made in latest.items() if (wrong := _wrong(name, made, seen))), None)
        if latest:
            yield HELD if wrong is None else self._altered(wrong, asked, seen)

    def _altered(self, wrong: Fault, asked: list[Exchange], call: VerbCall) -> Broken:
        return Broken(
            kind=wrong.kind,
            exchanges=tuple(exchange.id for exchange in asked),
            device=call.device,
            expected="the decisions of Adobe Pass, each denial with its message",
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
    message = denial(decision).get("message") or denial(decision).get("details")
    messages = returns.get("messages")
    if message and isinstance(messages, dict) and not messages.get(resource):
        return Fault("no-message", f"{resource} was denied, but the app got no message")
    return None
