"""Polling stops when the login has succeeded."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.exchanges import brief, ended, profiles
from pass_harness.conformance.facts.quiet_periods import QuietPeriods
from pass_harness.conformance.facts.sessions import POLL_ENDPOINTS
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.observation import Observation, VerbCall, moment
from pass_harness.conformance.outcomes import Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

MARGIN_S = 0.3
"""Seconds within which a request that was in progress may still arrive."""


class PollStopsOnSuccess(Rule):
    card = Card(
        id="authentication.poll-stops-on-success",
        title="Polling stops when a poll has returned a profile",
        severity=Severity.MUST,
        requirement="When a poll of the code returns a profile, the viewer is logged in and the service stops "
        "polling.",
        breaks="Pollers that keep running accumulate: after an hour the service polls for every viewer who logged "
        "in.",
        remedy="Stop the poller of a code at the first response that contains a profile.",
        kinds=("polled-after-success",),
        citations=(citations.CHECKLIST_POLLING_STOP, citations.FAQ_POLLING_STOP),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._over: QuietPeriods[str, Exchange] = QuietPeriods(quiet_s=8.0, quiet_at_end_s=3.0)

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        yield from self._over.passed(moment(seen))
        if isinstance(seen, VerbCall):
            return
        code = self.facts.sessions.polled
        if code is None:
            return
        over = self._over.since(code)
        if over is not None and seen.wall > over[0] + MARGIN_S:
            self._over.broken(code)
            yield timed(self.expectations, self._late(over[1], seen), over[1], seen)
        elif profiles(seen):
            self._over.begin(code, ended(seen), brief(seen))

    def finish(self) -> Iterator[Outcome]:
        yield from self._over.finish(self.facts.now_s)

    def _late(self, success: Exchange, seen: Exchange) -> Broken:
        return Broken(
            kind="polled-after-success",
            exchanges=(success.id, seen.id),
            device=seen.device,
            expected=f"no poll of code {seen.code} after a poll returned a profile",
            observed=f"the code was polled again {seen.wall - ended(success):.1f} s later",
        )
