"""Access tokens are reused until shortly before they expire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, answered_before
from pass_harness.conformance.facts.instances import Doubts
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

SAME_MOMENT_S = 1.0
"""Seconds between token requests of callers that need a token at the same moment. A later one may be a retry of a
caller that did not wait for its answer."""


class TokenReused(Rule):
    card = Card(
        id="registration.token-reused",
        title="The service reuses an access token until shortly before it expires",
        grade=Grade.MUST,
        requirement="The service stores an access token persistently, so that a restart does not lose it, and "
        "requests a new one only when the old one has expired. It may do so early: a token is usable while it was "
        "not rejected and more than a minute (or a tenth of its lifetime, if that is longer) is left. Each running "
        "instance may hold one token; callers that need a new one at the same moment share it. A trace without a "
        "number of instances has as many as hold tokens that requests for the same devices carry by turns.",
        breaks="Every call becomes two calls: latency doubles and the device's request allowance runs out (HTTP "
        "429).",
        remedy="Store the access token with its expiry and share it among all requests of the client. Let one "
        "request fetch the next token while the others wait for it.",
        kinds=("asked-too-early", "asked-by-each-caller"),
        citations=(citations.CHECKLIST_ACCESS_TOKENS, citations.DCR_TOKEN_PERSISTENT),
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._doubts = Doubts(facts.instances)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        settled = self._doubts.passed()
        if seen.endpoint == "dcr.token" and seen.status == 201:
            return [*settled, *self._asked(seen)]
        token = self.facts.tokens.sent
        held = ONE_HELD if token is not None and token.uses == 2 else NOTHING
        return [*settled, *held] if settled else held

    def finish(self) -> Iterator[Outcome]:
        return self._doubts.finish()

    def _asked(self, seen: Exchange) -> Iterator[Outcome]:
        had = self.facts.tokens.previous_tokens
        if not had:
            return
        # The service cannot reuse a token whose response was still in progress.
        known = [token for token in had if answered_before(token.issued, seen)]
        good = [token for token in known if not token.needs_renewal(seen.wall)]
        instances = self.facts.instances.number
        if len(good) < instances:
            beside = [one.issued for one in had if _at_the_same_moment(one.issued, seen)]
            # The first request beyond one for each instance is the finding; the others belong to it.
            if len(beside) == instances:
                yield from self._doubts.add(self._not_shared(beside, seen), len(beside) + 1)
            elif len(beside) < instances:
                yield HELD
            return
        left = good[-1].expires_s - seen.wall
        broken = Broken(
            kind="asked-too-early",
            exchanges=(good[-1].issued.id, seen.id),
            device=seen.device,
            expected="reuse of the access token until shortly before it expires",
            observed=f"a new token was requested {span(left)} before the last one of client {had[-1].client} expires",
        )
        yield from self._doubts.add(broken, len(good) + 1)

    def _not_shared(self, beside: list[Exchange], seen: Exchange) -> Broken:
        return Broken(
            kind="asked-by-each-caller",
            exchanges=(*(exchange.id for exchange in beside), seen.id),
            device=seen.device,
            expected=f"one token request at a time for each of {self.facts.instances.number} instances",
            observed=f"{len(beside) + 1} token requests of one client at the same moment",
        )


def _at_the_same_moment(one: Exchange, other: Exchange) -> bool:
    """Return whether two token requests overlapped, so that neither caller had the other's token."""
    first, second = (one, other) if one.wall <= other.wall else (other, one)
    return second.wall - first.wall <= SAME_MOMENT_S and not answered_before(first, second)
