"""After a 401 the access token is renewed, and the rejected one is not sent again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, answered_before, bearer, ended, signature
from pass_harness.conformance.facts.retry_series import TRIES
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.tokens import Token
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

IN_PROGRESS_S = 5.0
"""Seconds after the rejection in which other requests with the token may still arrive. In a service that is too
busy to read the 401 at once, these requests waited for a connection."""
LOOP_LENGTH = TRIES + 1
"""Number of rejections of one request, without a success or a viewer's action between them, that make a loop."""
ACTED_S = 4.0
"""Seconds after which a viewer may have caused the next request, except a poll, in a trace without verbs."""


class UnauthorizedRenewsFirst(Rule):
    card = Card(
        id="registration.unauthorized-renews-first",
        title="After a 401 the service renews the access token before it repeats a request",
        grade=Grade.SHOULD,
        requirement="After a 401 the service fetches a new access token and then repeats the request once. It never "
        "sends the rejected token again, and it does not loop on rejections of the token or of the client.",
        breaks="A request with a rejected token always fails. Repetitions are useless load and use up the device's "
        "request allowance.",
        remedy="On a 401, discard the token, fetch a new one, repeat the request once, then give up.",
        kinds=("rejected-token-sent-again", "rejections-in-a-row"),
        citations=(citations.CHECKLIST_TOKEN_VALIDATION, citations.DCR_TOKEN_REFRESH),
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._resent: Bounded[str, int] = Bounded()
        self._in_a_row: Bounded[tuple[str, ...], list[tuple[int, float]]] = Bounded()
        """Id and end of the latest rejections of each request."""
        self._renewed: Bounded[str, bool] = Bounded()

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        token, rejection = self.facts.tokens.sent, self.facts.tokens.rejection
        if isinstance(seen, VerbCall):
            self._acted(seen)
            return NOTHING
        if token is None:
            return self._judge(None, rejection, seen) if self._in_a_row or seen.status == 401 else NOTHING
        if rejection is None and seen.status != 401 and not self._in_a_row:
            return self._held(token.client, token.value)  # the most frequent case
        return self._judge(token, rejection, seen)

    def _judge(self, token: Token | None, rejection: Exchange | None, seen: Exchange) -> Iterator[Outcome]:
        if rejection is not None and self._is_resent(rejection, seen):
            value = bearer(seen) or ""
            count = (self._resent.get(value) or 0) + 1
            self._resent.put(value, count)
            if count >= self.facts.instances.number:
                yield self._sent_again(rejection, seen)
        elif rejection is None and token is not None:
            yield from self._held(token.client, token.value)
        if self._in_a_row or seen.status == 401:
            yield from self._loop(seen)

    def _acted(self, call: VerbCall) -> None:
        """Forget the rejections of the device: the viewer's next action begins a new series."""
        names = {*self.facts.devices.names(call), call.ip}
        for key in self._in_a_row:
            if key[-1] in names:
                self._in_a_row.pop(key)

    def _is_resent(self, rejection: Exchange, seen: Exchange) -> bool:
        if signature(seen) == signature(rejection):
            return answered_before(rejection, seen)
        return seen.wall > ended(rejection) + IN_PROGRESS_S

    def _held(self, client_id: str, used: str) -> Sequence[Outcome]:
        held: list[Outcome] = []
        for token in self.facts.tokens.of(client_id):
            if token.rejected is not None and token.value != used and not self._renewed.get(token.value):
                self._renewed.put(token.value, True)
                held.append(HELD)
        return held or NOTHING

    def _loop(self, seen: Exchange) -> Iterator[Outcome]:
        key = signature(seen)
        if seen.status != 401:
            self._in_a_row.pop(key)
            return
        before = self._in_a_row.get(key) or []
        viewers = not self.facts.driven and seen.endpoint != "profiles.code"
        if viewers and before and seen.wall - before[-1][1] > ACTED_S:
            before = []
        row = [*before, (seen.id, ended(seen))]
        self._in_a_row.put(key, row[-LOOP_LENGTH:])
        if len(row) == LOOP_LENGTH:
            yield Broken(
                kind="rejections-in-a-row",
                exchanges=tuple(id_ for id_, _ in row),
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
            observed=f"the rejected access token was sent again {span(seen.wall - rejection.wall)} later",
        )
