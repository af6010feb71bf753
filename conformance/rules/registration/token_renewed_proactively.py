"""Access tokens are renewed before a 401 reports their expiry."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class TokenRenewedProactively(Rule):
    card = Card(
        id="registration.token-renewed-proactively",
        title="The service renews an access token before it expires",
        grade=Grade.SHOULD,
        requirement="The service checks that an access token is still valid before it uses it. It does not rely on "
        "a 401 to learn that the token has expired.",
        breaks="Each expiry costs a rejected request; during an event, that is one per device at the same moment.",
        remedy="Compare the token's expiry with the clock before each call, and renew the token shortly before it "
        "expires.",
        kinds=("expiry-noticed-by-401",),
        citations=(citations.CHECKLIST_TOKEN_VALIDATION, citations.DCR_TOKEN_LIFE),
    )
    watches = NEEDS_TOKEN | DCR

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        tokens = self.facts.tokens
        if seen.endpoint == "dcr.token" and seen.status == 201:
            last = tokens.previous_tokens[-1] if tokens.previous_tokens else None
            return (
                ONE_HELD if last is not None and last.rejected is None and last.needs_renewal(seen.wall) else NOTHING
            )
        token = tokens.sent
        if token is None or token.rejected is not seen or seen.wall < token.expires_s:
            return NOTHING
        return [
            Broken(
                kind="expiry-noticed-by-401",
                exchanges=(token.issued.id, seen.id),
                device=seen.device,
                expected="a new access token before the old one expires",
                observed="the service sent the expired token and got a 401",
            )
        ]
