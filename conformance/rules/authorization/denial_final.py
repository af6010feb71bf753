"""A denied authorization is not requested again."""

from __future__ import annotations

from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import decisions, denial, denials
from pass_harness.conformance.outcomes import Broken
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade
from pass_harness.conformance.rules.retries import NotRepeated
from pass_harness.mock_server.exchange import Exchange

FINAL = frozenset({"none", "configuration", "authentication"})
"""Actions after which the same request gets the same decision; `NotRepeated` spares one after a login."""


class DenialFinal(NotRepeated):
    card = Card(
        id="authorization.denial-final",
        title="The service does not repeat a denied authorization until the viewer asks again",
        grade=Grade.MUST,
        requirement="Repeating the request does not change most errors: a denial with the action none or "
        "configuration is final for this playback request, and so is one with the action authentication as long as "
        "nobody has logged in. In a trace without verbs, a viewer may have asked again: the rule is broken by "
        "repetitions without a pause, or in the rhythm of a machine.",
        breaks="The viewer waits for the same answer, and the TV provider makes the same decision several times.",
        remedy="Repeat the request only if the error's action is retry; otherwise show the denial to the viewer.",
        kinds=("asked-again",),
        citations=(citations.CHECKLIST_AUTHORIZATION_RETRY, citations.FAQ_AUTHORIZATION_DENIAL),
        needs=frozenset({"play"}),
    )
    watches = frozenset({"decisions.authorize"})

    def is_final(self, exchange: Exchange) -> bool:
        return exchange.endpoint == "decisions.authorize" and any(
            denial(decision).get("action", "none") in FINAL for decision in denials(exchange)
        )

    def repeated(self, final: Exchange, seen: Exchange) -> Broken:
        codes = ", ".join(str(denial(decision).get("code", "no code")) for decision in decisions(final))
        return Broken(
            kind="asked-again",
            exchanges=(final.id, seen.id),
            device=seen.device,
            expected=f"no further request after the denial ({codes})",
            observed=f"the same request was sent again {span(seen.wall - final.wall)} later",
        )
