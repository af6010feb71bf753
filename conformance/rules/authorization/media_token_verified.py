"""A media token is verified before a stream starts."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import RecentExchanges
from pass_harness.conformance.facts.media_tokens import media_tokens
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity

FLAWS = {
    "bad_signature": "an invalid signature",
    "expired": "a validity period that is over",
    "wrong_resource": "another resource",
}


class MediaTokenVerified(Rule):
    card = Card(
        id="authorization.media-token-verified",
        title="An invalid media token starts no stream",
        severity=Severity.SHOULD,
        requirement="Before a stream starts, the service verifies its media token: signature, validity period and "
        "resource.",
        breaks="Forged and shared media tokens start streams, which the contracts with the TV providers forbid.",
        remedy="Verify the media token of every authorization with Adobe's public key before you start the stream; "
        "refuse any state except valid.",
        kinds=("flawed-token-played",),
        citations=(citations.CHECKLIST_MEDIA_TOKEN_VALIDATION, citations.MEDIA_TOKENS),
        needs=frozenset({"login", "status", "play"}),
        judges_app=True,
    )
    watches = frozenset({"decisions.authorize"})

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._recent = RecentExchanges()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if any(media_tokens(seen)):
                self._recent.add(seen)
            return
        arranged = seen.arranged.get("media_token", "")
        flaw = FLAWS.get(arranged)
        permitted = self._recent.during(seen)
        if seen.verb != "play" or flaw is None or not permitted:
            return
        if seen.returns.get("allowed") is not True:
            yield HELD
            return
        yield Broken(
            kind="flawed-token-played",
            subject=arranged,
            exchanges=tuple(exchange.id for exchange in permitted),
            device=seen.device,
            expected=f"no stream for a media token with {flaw}",
            observed="the app was allowed to play",
        )
