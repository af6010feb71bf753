"""Access tokens are renewed with the stored client credentials, not by a new registration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.tokens import Client
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class TokenRenewedWithSameCredentials(Rule):
    card = Card(
        id="registration.token-renewed-with-same-credentials",
        title="The service renews access tokens with its stored client credentials",
        grade=Grade.MUST,
        requirement="When an access token has expired or was rejected, the service requests the next one from "
        "/o/client/token with its existing client credentials. It does not register a new client to renew a token, "
        "unless Adobe Pass rejects the new token too, or refuses the client for the service provider.",
        breaks="A new client has no profiles, so each token expiry logs the viewers out.",
        remedy="Call /o/client/token with the stored credentials; register again only after the response "
        "invalid_client, or if a new token is rejected too.",
        kinds=("registered-for-a-token",),
        citations=(citations.DCR_TOKEN_REFRESH, citations.COOKBOOK_REGISTER, citations.ERRORS_ACTION),
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._flagged: Bounded[str, bool] = Bounded(1000)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        if seen.endpoint == "dcr.token" and seen.status == 201:
            had = self.facts.tokens.previous_tokens
            return ONE_HELD if had and had[-1].needs_renewal(seen.wall) else NOTHING
        old, client = self.facts.tokens.previous_client, self.facts.tokens.client
        if old is None or client is None or old.id == client.id:
            return NOTHING
        return self._changed(old, client, seen)

    def _changed(self, old: Client, client: Client, seen: Exchange) -> Iterator[Outcome]:
        if old.was_refused(client) or client.registered is None or client.is_of_another_application(old):
            return
        registered = client.registered.wall
        # The rule applies only if the service registered because the old client's token needed renewal.
        last = next((token for token in reversed(old.tokens) if token.issued.wall < registered), None)
        if last is None or not last.needs_renewal(registered) or self._flagged.get(client.id):
            return
        self._flagged.put(client.id, True)
        yield Broken(
            kind="registered-for-a-token",
            exchanges=(last.issued.id, client.registered.id, seen.id),
            device=seen.device,
            expected=f"a new access token for client {old.id}, whose token needed renewal",
            observed=f"the registration of a new client, {client.id}",
        )
