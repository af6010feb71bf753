"""Polling of a code stops when a new code replaces it."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import profiles
from pass_harness.conformance.facts.quiet_periods import QuietPeriods
from pass_harness.conformance.facts.sessions import POLL_ENDPOINTS, Session, answered_at
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.observation import Observation, VerbCall, moment
from pass_harness.conformance.outcomes import Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

MARGIN_S = 0.5
"""Seconds within which a poll that was already due may still arrive."""


class PollStopsOnNewCode(Rule):
    card = Card(
        id="authentication.poll-stops-on-new-code",
        title="Polling of a code stops when the device gets a new code",
        severity=Severity.MUST,
        requirement="A new session of a device replaces the previous one, and the service stops polling the "
        "previous code at once.",
        breaks="Each new code adds a poller that can only learn that its session is over.",
        remedy="Stop the device's poller before you create a new session, or as soon as it is created.",
        kinds=("old-code-polled",),
        citations=(citations.CHECKLIST_POLLING_STOP, citations.FAQ_POLLING_STOP),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._polled: Bounded[str, bool] = Bounded()
        self._replaced: QuietPeriods[str, Session] = QuietPeriods(quiet_s=8.0, quiet_at_end_s=3.0)

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        yield from self._replaced.passed(moment(seen))
        if isinstance(seen, VerbCall):
            return
        old, code = self.facts.sessions.replaced, self.facts.sessions.polled
        new = self.facts.sessions.current(seen) if old is not None else None
        if old is not None and new is not None and self._polled.pop(old.code) and seen.wall < old.expires_s:
            self._replaced.begin(old.code, answered_at(new), new)
        if code is None:
            return
        replaced = self._replaced.since(code)
        if replaced is not None and seen.wall > replaced[0] + MARGIN_S:
            self._replaced.broken(code)
            yield timed(self.expectations, self._late(replaced[1], seen), replaced[1].exchange, seen)
        elif profiles(seen):
            self._polled.pop(code)
        else:
            self._polled.put(code, True)

    def finish(self) -> Iterator[Outcome]:
        yield from self._replaced.finish(self.facts.now_s)

    def _late(self, new: Session, seen: Exchange) -> Broken:
        return Broken(
            kind="old-code-polled",
            exchanges=(new.exchange.id, seen.id),
            device=seen.device,
            expected=f"no poll of code {seen.code} after code {new.code} replaced it",
            observed=f"the old code was polled {seen.wall - answered_at(new):.1f} s later",
        )
