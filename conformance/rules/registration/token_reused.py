"""An access token is used until it runs out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, answered_before
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange


class TokenReused(Rule):
    card = Card(
        id="registration.token-reused",
        title="An access token is reused until it is about to expire",
        severity=Severity.MUST,
        requirement="No new access token is asked for while one of the same client is good: not rejected, and with "
        "more than a minute (or a tenth of its life, if that is more) left. Every running instance may hold one.",
        breaks="Each call then costs two, latency doubles and the device's request allowance is drained (HTTP 429).",
        remedy="Keep the access token with its expiry and share it among all requests of the client.",
        kinds=("asked-too-early",),
        citations=(citations.CHECKLIST_ACCESS_TOKENS, citations.DCR_TOKEN_PERSISTENT),
    )
    watches = NEEDS_TOKEN | DCR

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        if seen.endpoint == "dcr.token" and seen.status == 201:
            return self._asked(seen)
        token = self.facts.tokens.sent
        return ONE_HELD if token is not None and token.uses == 2 else NOTHING

    def _asked(self, seen: Exchange) -> Iterator[Outcome]:
        had = self.facts.tokens.had
        if not had:
            return
        # A token whose answer was still under way could not be known yet.
        known = [token for token in had if answered_before(token.issued, seen)]
        good = [token for token in known if not token.spent(seen.wall)]
        if len(good) < self.expectations.instances:
            yield HELD
            return
        left = good[-1].expires - seen.wall
        yield Broken(
            kind="asked-too-early",
            exchanges=(good[-1].issued.id, seen.id),
            device=seen.device,
            expected="the access token to be used until it is about to expire",
            observed=f"a new one was asked for {left:.0f} s before the last one of client {had[-1].client} expires",
        )
