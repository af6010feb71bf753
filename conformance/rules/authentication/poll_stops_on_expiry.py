"""Polling stops when the code expires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import brief, profiles
from pass_harness.conformance.facts.polling_on import PollingOn
from pass_harness.conformance.facts.sessions import POLL_ENDPOINTS, Session
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

MARGIN_S = 5.5
"""Seconds after the expiry for the last polls, at least: the longest interval that Adobe names, with room for
jitter. A slower poller has one of its own intervals."""


class PollStopsOnExpiry(Rule):
    card = Card(
        id="authentication.poll-stops-on-expiry",
        title="Polling stops when the code expires",
        grade=Grade.MUST,
        requirement="A code expires at the session's notAfter, and the service stops polling then. Polls are "
        f"allowed within {MARGIN_S:g} s after the expiry, or within one interval of a slower poller; so is a single "
        "later request.",
        breaks="Most codes are never used. If their pollers do not stop, they accumulate without limit.",
        remedy="Give each poller the session's notAfter as its deadline.",
        kinds=("polled-after-expiry",),
        citations=(citations.CHECKLIST_POLLING_STOP, citations.FAQ_POLLING_STOP),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._expired: PollingOn[Session] = PollingOn(facts, least_grace_s=MARGIN_S)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        held, found = self._expired.passed(), self._observe(seen)
        return (*held, *found) if held else found

    def _observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        sessions = self.facts.sessions
        replaced = sessions.replaced
        if replaced is not None and seen.wall < replaced.expires_s + MARGIN_S:
            self._expired.forget(replaced.code)
        session = sessions.get(self.facts.polls.code)
        if session is None:
            return NOTHING
        late = self._expired.judge(session.code, brief(seen))
        if late is not None:
            return (self._late(session, late[0], seen),)
        if profiles(seen):
            self._expired.forget(session.code)
        elif not self.facts.polls.is_over(session.code):
            self._expired.begin(session.code, session.expires_s, session)
        return NOTHING

    def finish(self) -> Iterator[Outcome]:
        yield from self._expired.finish()

    def _late(self, session: Session, before: Exchange, seen: Exchange) -> Broken:
        return Broken(
            kind="polled-after-expiry",
            exchanges=(session.exchange.id, before.id, seen.id),
            device=seen.device,
            expected=f"no poll of code {session.code} after its lifetime of {span(session.lifetime_s)}",
            observed=f"the code was polled on {span(seen.wall - session.expires_s)} after its expiry",
        )
