"""Polling stops when the code expires."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.exchanges import profiles
from pass_harness.conformance.facts.quiet_periods import QuietPeriods
from pass_harness.conformance.facts.sessions import POLL_ENDPOINTS, Session
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.observation import Observation, VerbCall, moment
from pass_harness.conformance.outcomes import Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

MARGIN_S = 5.5
"""Seconds after the expiry for a last poll: the longest interval that Adobe names, with room for jitter."""


class PollStopsOnExpiry(Rule):
    card = Card(
        id="authentication.poll-stops-on-expiry",
        title="Polling stops when the code expires",
        severity=Severity.MUST,
        requirement="A code expires at the session's notAfter, and the service stops polling then. One last poll "
        f"is allowed within {MARGIN_S:g} s after the expiry.",
        breaks="Most codes are never used. If their pollers do not stop, they accumulate without limit.",
        remedy="Give each poller the session's notAfter as its deadline.",
        kinds=("polled-after-expiry",),
        citations=(citations.CHECKLIST_POLLING_STOP, citations.FAQ_POLLING_STOP),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._expired: QuietPeriods[str, Session] = QuietPeriods(quiet_s=MARGIN_S + 5.0, quiet_at_end_s=MARGIN_S)

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        yield from self._expired.passed(moment(seen))
        if isinstance(seen, VerbCall):
            return
        sessions = self.facts.sessions
        replaced = sessions.replaced
        if replaced is not None and seen.wall < replaced.expires_s + MARGIN_S:
            self._expired.end(replaced.code)
        session = sessions.get(sessions.polled)
        if session is None:
            return
        if seen.wall > session.expires_s + MARGIN_S:
            self._expired.broken(session.code)
            yield timed(self.expectations, self._late(session, seen), session.exchange, seen)
        elif profiles(seen):
            self._expired.end(session.code)
        else:
            self._expired.begin(session.code, session.expires_s, session)

    def finish(self) -> Iterator[Outcome]:
        yield from self._expired.finish(self.facts.now_s)

    def _late(self, session: Session, seen: Exchange) -> Broken:
        return Broken(
            kind="polled-after-expiry",
            exchanges=(session.exchange.id, seen.id),
            device=seen.device,
            expected=f"no poll of code {session.code} after its lifetime of {session.lifetime_s:.0f} s",
            observed=f"the code was polled {seen.wall - session.expires_s:.1f} s after its expiry",
        )
