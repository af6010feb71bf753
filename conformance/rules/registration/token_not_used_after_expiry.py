"""Expired access tokens are not sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN, SSO_SERVICE
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.tokens import Token
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

MARGIN_S = 2.0
"""Seconds past the expiry, for requests in progress and for clocks that differ."""


class TokenNotUsedAfterExpiry(Rule):
    card = Card(
        id="registration.token-not-used-after-expiry",
        title="No request carries an expired access token",
        grade=Grade.MUST,
        requirement="The service discards an access token when it expires and fetches a new one before that. A "
        f"request with a token that arrives more than {MARGIN_S:g} s after its expiry breaks this rule.",
        breaks="Adobe Pass answers a request with an expired token with 401: the call is wasted and the viewer "
        "waits longer.",
        remedy="Store created_at + expires_in with the token and replace the token before that time.",
        kinds=("sent-after-expiry",),
        citations=(citations.CHECKLIST_ACCESS_TOKENS, citations.DCR_TOKEN_LIFE),
    )
    watches = NEEDS_TOKEN | SSO_SERVICE

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._decided: Bounded[str, bool] = Bounded()

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        token = self.facts.tokens.sent
        if isinstance(seen, VerbCall) or token is None:
            return NOTHING
        if seen.wall > token.expires_s + MARGIN_S:
            self._decided.put(token.value, True)
            return [self._late(token, seen)]
        return self._earlier_tokens(token, seen) if len(self.facts.tokens.of(token.client)) > 1 else NOTHING

    def _earlier_tokens(self, used: Token, seen: Exchange) -> Iterator[Outcome]:
        """Yield `HELD` once for each expired token of the client, as soon as the client uses a valid one."""
        for token in self.facts.tokens.of(used.client):
            expired = token.uses and seen.wall > token.expires_s + MARGIN_S
            if expired and self._decided.get(token.value) is None:
                self._decided.put(token.value, True)
                yield HELD

    def _late(self, token: Token, seen: Exchange) -> Broken:
        return Broken(
            kind="sent-after-expiry",
            exchanges=(token.issued.id, seen.id),
            device=seen.device,
            expected=f"no request with this access token after its lifetime of {span(token.lifetime_s)}",
            observed=f"the token was sent {span(seen.wall - token.expires_s)} after its expiry",
            margin_s=seen.wall - token.expires_s - MARGIN_S,
        )
