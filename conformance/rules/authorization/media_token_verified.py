"""A media token is verified before a stream starts."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.media_tokens import media_tokens
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule

FLAWS = {
    "bad_signature": "an invalid signature",
    "expired": "a validity period that is over",
    "wrong_resource": "another resource",
}


class MediaTokenVerified(Rule):
    card = Card(
        id="authorization.media-token-verified",
        title="An invalid media token starts no stream",
        grade=Grade.SHOULD,
        requirement="Before a stream starts, the service verifies its media token: signature, validity period and "
        "resource. Adobe's FAQs call this a must, its checklist a recommended practice.",
        breaks="Forged and shared media tokens start streams, which the contracts with the TV providers forbid.",
        remedy="Verify the media token of every authorization with Adobe's public key before you start the stream; "
        "refuse any state except valid.",
        kinds=("flawed-token-played",),
        citations=(citations.FAQ_MEDIA_TOKEN_VALIDATION, citations.CHECKLIST_MEDIA_TOKEN_VALIDATION),
        needs=frozenset({"login", "status", "play"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            return
        arranged = seen.arranged.get("media_token", "")
        flaw, behaviour = FLAWS.get(arranged), seen.arranged.get("behaviour")
        # With wrong addresses, it may have hit another device, and that one's may have hit this one.
        permitted = [
            one for one in self.facts.devices.during(seen) if behaviour in one.behaviours and any(media_tokens(one))
        ]
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
