"""After a 401 the access token is renewed, and the rejected one is not sent again."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, answered_before, ended, signature
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.facts.tokens import rejects_token
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

IN_PROGRESS_S = 5.0
"""Seconds after the rejection in which other requests with the token may still arrive. In a service that is too
busy to read the 401 at once, these requests waited for a connection."""
LOOP_LENGTH = 4
"""Number of rejections of one request, without a success between them, that make a loop."""


class UnauthorizedRenewsFirst(Rule):
    card = Card(
        id="registration.unauthorized-renews-first",
        title="After a 401 the service renews the access token before it repeats a request",
        severity=Severity.MUST,
        requirement="After a 401 the service fetches a new access token and then repeats the request once. It never "
        "sends the rejected token again, and it does not loop on rejections.",
        breaks="A request with a rejected token always fails. Repetitions are useless load and use up the device's "
        "request allowance.",
        remedy="On a 401, discard the token, fetch a new one, repeat the request once, then give up.",
        kinds=("rejected-token-sent-again", "rejections-in-a-row"),
        citations=(citations.CHECKLIST_TOKEN_VALIDATION, citations.DCR_TOKEN_REFRESH),
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._resent: Bounded[str, int] = Bounded()
        self._in_a_row: Bounded[tuple[str, ...], list[int]] = Bounded()
        self._renewed: Bounded[str, bool] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        token, rejection = self.facts.tokens.sent, self.facts.tokens.rejection
        if isinstance(seen, VerbCall) or token is None:
            return
        if rejection is not None and self._is_resent(rejection, seen):
            count = (self._resent.get(token.value) or 0) + 1
            self._resent.put(token.value, count)
            if count >= self.expectations.instances:
                yield timed(self.expectations, self._sent_again(rejection, seen), rejection, seen)
        elif rejection is None:
            yield from self._held(token.client, token.value)
        if self._in_a_row or rejects_token(seen):
            yield from self._loop(seen)

    def _is_resent(self, rejection: Exchange, seen: Exchange) -> bool:
        if signature(seen) == signature(rejection):
            return answered_before(rejection, seen)
        return seen.wall > ended(rejection) + IN_PROGRESS_S

    def _held(self, client_id: str, used: str) -> Iterator[Outcome]:
        for token in self.facts.tokens.of(client_id):
            if token.rejected is not None and token.value != used and not self._renewed.get(token.value):
                self._renewed.put(token.value, True)
                yield HELD

    def _loop(self, seen: Exchange) -> Iterator[Outcome]:
        key = signature(seen)
        if not rejects_token(seen):
            self._in_a_row.pop(key)
            return
        row = [*(self._in_a_row.get(key) or []), seen.id]
        self._in_a_row.put(key, row[-LOOP_LENGTH:])
        if len(row) == LOOP_LENGTH:
            yield Broken(
                kind="rejections-in-a-row",
                exchanges=tuple(row),
                device=seen.device,
                expected="one repetition with a new access token, then no further request",
                observed=f"the same request was rejected {LOOP_LENGTH} times in a row",
            )

    def _sent_again(self, rejection: Exchange, seen: Exchange) -> Broken:
        return Broken(
            kind="rejected-token-sent-again",
            exchanges=(rejection.id, seen.id),
            device=seen.device,
            expected="a new access token after the 401",
            observed=f"the rejected access token was sent again {seen.wall - rejection.wall:.2f} s later",
        )
