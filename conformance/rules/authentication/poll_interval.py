"""Polls of a code are at least three seconds apart."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import allows_retry, brief
from pass_harness.conformance.facts.sessions import KEPT_CODES, POLL_ENDPOINTS
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange


class PollInterval(Rule):
    card = Card(
        id="authentication.poll-interval",
        title="Polls of an authentication code are at least 3 seconds apart",
        severity=Severity.MUST,
        requirement="While a viewer logs in, the service polls profiles/code/{code} every 3 to 5 seconds or less "
        "often. Two polls must arrive at least 2.7 s apart, which leaves room for jitter. The rules on errors judge "
        "the repetition of a poll that failed (401, 429, 5xx, no response).",
        breaks="Polls are most of the load of a live event. Polls that come too fast use up the device's request "
        "allowance (HTTP 429) and slow every login down.",
        remedy="Wait 3 to 5 seconds after each poll of a code before the next one.",
        kinds=("polled-too-soon",),
        citations=(citations.CHECKLIST_POLLING_INTERVAL, citations.FAQ_POLLING_INTERVAL),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._last: Bounded[str, Exchange] = Bounded(KEPT_CODES)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        code = self.facts.sessions.polled
        if isinstance(seen, VerbCall) or code is None:
            return NOTHING
        before = self._last.get(code)
        self._last.put(code, brief(seen))
        if before is None or allows_retry(before):
            return NOTHING
        return [timed(self.expectations, self._judge(before, seen), before, seen)]

    def _judge(self, before: Exchange, seen: Exchange) -> Outcome:
        apart = seen.wall - before.wall
        if apart >= self.expectations.min_poll_interval_s:
            return HELD
        return Broken(
            kind="polled-too-soon",
            exchanges=(before.id, seen.id),
            device=seen.device,
            expected="at least 3 s between two polls of a code",
            observed=f"code {seen.code} was polled again after {apart:.2f} s",
        )
