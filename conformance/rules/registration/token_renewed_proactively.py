"""A token is renewed before a 401 says that it has expired."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity


class TokenRenewedProactively(Rule):
    card = Card(
        id="registration.token-renewed-proactively",
        title="The service notices the expiry of a token by itself",
        severity=Severity.SHOULD,
        requirement="The validity of an access token is checked before it is used, so that no 401 is needed to learn "
        "of its expiry.",
        breaks="Each expiry costs a refused request, at an event one per device at the same moment.",
        remedy="Compare the token's expiry with the clock before each call, and renew it shortly before.",
        kinds=("expiry-noticed-by-401",),
        citations=(citations.CHECKLIST_TOKEN_VALIDATION, citations.DCR_TOKEN_LIFE),
    )
    watches = NEEDS_TOKEN | DCR

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        tokens = self.facts.tokens
        if seen.endpoint == "dcr.token" and seen.status == 201:
            last = tokens.had[-1] if tokens.had else None
            return ONE_HELD if last is not None and last.rejected is None and last.spent(seen.wall) else NOTHING
        token = tokens.sent
        if token is None or token.rejected is not seen or seen.wall < token.expires:
            return NOTHING
        return [
            Broken(
                kind="expiry-noticed-by-401",
                exchanges=(token.issued.id, seen.id),
                device=seen.device,
                expected="a new access token before the old one expires",
                observed="the expiry was noticed by a 401",
            )
        ]
