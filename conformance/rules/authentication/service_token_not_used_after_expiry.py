"""Expired service tokens of the SSO Service are not sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.service_tokens import LISTED, WITH_TOKEN, ServiceToken, carried, issued
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

MARGIN_S = 2.0
"""Seconds past the expiry, for requests in progress and for clocks that differ."""


class ServiceTokenNotUsedAfterExpiry(Rule):
    card = Card(
        id="authentication.service-token-not-used-after-expiry",
        title="No request carries an expired service token, but to refresh it",
        grade=Grade.MUST,
        requirement="The link, unlink and list calls of the SSO Service need a valid service token, and requests "
        "of REST API V2 carry a valid one. An expired token is exchanged by GET serviceToken, or replaced. A "
        f"request that carries one more than {MARGIN_S:g} s after its expiry breaks this rule.",
        breaks="The SSO Service answers with token_expired, and REST API V2 finds no shared profile: the viewer is "
        "asked to log in again.",
        remedy="Store notAfter with the service token, and refresh the token before that time.",
        kinds=("sent-after-expiry",),
        citations=(citations.SSO_LIST, citations.SSO_SERVICE_TOKEN, citations.SERVICE_TOKEN_FLOW),
    )
    watches = WITH_TOKEN | LISTED | {"sso.token", "sso.refresh"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._tokens: Bounded[str, ServiceToken] = Bounded()
        self._used: Bounded[str, dict[str, ServiceToken]] = Bounded()
        """Tokens that each device has used and whose end is not judged yet, by value."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        if (new := issued(seen)) is not None:
            self._tokens.put(new.value, new)
        token = self._tokens.get(carried(seen)) if seen.endpoint in WITH_TOKEN | LISTED else None
        return NOTHING if token is None else self._judged(token, seen)

    def _judged(self, token: ServiceToken, seen: Exchange) -> Iterator[Outcome]:
        """Yield a finding, or `HELD` for each expired token of the device in whose place it uses a valid one."""
        used = {**(self._used.get(seen.device or seen.ip) or {}), token.value: token}
        late = seen.wall - token.expires_s - MARGIN_S
        if late > 0:
            self._used.pop(seen.device or seen.ip)
            yield Broken(
                kind="sent-after-expiry",
                exchanges=(token.issued, seen.id),
                device=seen.device,
                expected="no request with this service token after its notAfter, but GET serviceToken",
                observed=f"{seen.endpoint} carried it {span(late + MARGIN_S)} after its expiry",
                margin_s=late,
            )
            return
        for value, earlier in list(used.items()):
            if seen.wall > earlier.expires_s + MARGIN_S:
                del used[value]
                yield HELD
        self._used.put(seen.device or seen.ip, used)
