"""Access tokens are reused until shortly before they expire."""

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
        title="The service reuses an access token until shortly before it expires",
        severity=Severity.MUST,
        requirement="The service does not request a new access token while a token of the same client is usable: it "
        "was not rejected, and more than a minute (or a tenth of its lifetime, if that is longer) is left. Each "
        "running instance may hold one token.",
        breaks="Every call becomes two calls: latency doubles and the device's request allowance runs out (HTTP "
        "429).",
        remedy="Store the access token with its expiry and share it among all requests of the client.",
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
        had = self.facts.tokens.previous_tokens
        if not had:
            return
        # The service cannot reuse a token whose response was still in progress.
        known = [token for token in had if answered_before(token.issued, seen)]
        good = [token for token in known if not token.needs_renewal(seen.wall)]
        if len(good) < self.expectations.instances:
            yield HELD
            return
        left = good[-1].expires_s - seen.wall
        yield Broken(
            kind="asked-too-early",
            exchanges=(good[-1].issued.id, seen.id),
            device=seen.device,
            expected="reuse of the access token until shortly before it expires",
            observed=f"a new token was requested {left:.0f} s before the last one of client {had[-1].client} expires",
        )
