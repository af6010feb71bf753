"""Polling stops when the login has succeeded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.facts.exchanges import brief, ended, interval, profiles
from pass_harness.conformance.facts.polling_on import TOLERANCE, PollingOn
from pass_harness.conformance.facts.sessions import POLL_ENDPOINTS
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

IN_PROGRESS_S = 0.3
"""Seconds within which a request that was in progress may still arrive."""


class PollStopsOnSuccess(Rule):
    card = Card(
        id="authentication.poll-stops-on-success",
        title="Polling stops when a poll has returned a profile",
        grade=Grade.MUST,
        requirement="When a poll of the code returns a profile, the viewer is logged in and the service stops "
        f"polling. {TOLERANCE}",
        breaks="Pollers that keep running accumulate: after an hour the service polls for every viewer who logged "
        "in.",
        remedy="Stop the poller of a code at the first response that contains a profile.",
        kinds=("polled-after-success",),
        citations=(citations.CHECKLIST_POLLING_STOP, citations.FAQ_POLLING_STOP, citations.FAQ_IS_AUTHENTICATED),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._over: PollingOn[Exchange] = PollingOn(facts, in_progress_s=IN_PROGRESS_S)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        held, found = self._over.passed(), self._observe(seen)
        return (*held, *found) if held else found

    def _observe(self, seen: Observation) -> Iterable[Outcome]:
        code = self.facts.polls.code
        if isinstance(seen, VerbCall) or code is None:
            return NOTHING
        late = self._over.judge(code, brief(seen))
        if late is not None:
            return (self._late(*late, seen),)
        if profiles(seen):
            self._over.begin(code, ended(seen), brief(seen))
        return NOTHING

    def finish(self) -> Iterator[Outcome]:
        yield from self._over.finish()

    def _late(self, before: Exchange, success: Exchange, seen: Exchange) -> Broken:
        return Broken(
            kind="polled-after-success",
            exchanges=(success.id, before.id, seen.id),
            device=seen.device,
            expected=f"no poll of code {seen.code} after a poll returned a profile",
            observed=f"the code was polled on {interval(success, seen)}",
        )
