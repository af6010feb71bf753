"""Polling of a code stops when the viewer logs out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import brief, ended
from pass_harness.conformance.facts.polling_on import PollingOn
from pass_harness.conformance.facts.sessions import POLL_ENDPOINTS, Session
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

IN_PROGRESS_S = 0.5
"""Seconds within which a poll that was already due may still arrive."""


class PollStopsOnLogout(Rule):
    card = Card(
        id="authentication.poll-stops-on-logout",
        title="Polling of a code stops when the viewer logs out",
        grade=Grade.OWN,
        requirement="A viewer who logs out while a login is pending no longer waits for it, so the service stops "
        "polling its code. Adobe's pages name other ends of polling; they ask to avoid unnecessary requests. One "
        "last poll may be on its way. A logout from another TV provider than that of the pending login ends nothing.",
        breaks="The service polls until the code expires. If somebody uses the code, the device is logged in "
        "although the viewer has just logged out.",
        remedy="Stop the device's poller, and drop its code, when the viewer logs out.",
        kinds=("polled-after-logout",),
        citations=(citations.FAQ_POLLING_STOP, citations.CHECKLIST_POLLING_STOP),
        needs=frozenset({"login", "logout"}),
    )
    watches = POLL_ENDPOINTS | {"logout"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._codes: Bounded[str, str] = Bounded()
        """Code of each device's latest login."""
        self._ended: PollingOn[str] = PollingOn(facts, in_progress_s=IN_PROGRESS_S)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        held, found = self._ended.passed(), self._observe(seen)
        return (*held, *found) if held else found

    def _observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            self._verb(seen)
            return NOTHING
        replaced, code = self.facts.sessions.replaced, self.facts.polls.code
        if replaced is not None:
            self._ended.forget(replaced.code)  # another rule judges the polls of a replaced code
        if seen.endpoint == "logout" and seen.status == 200:
            session = self.facts.sessions.current(seen)
            if session is not None and session.exchange.mvpd == seen.mvpd:
                self._log_out(session, ended(seen))
        elif code is not None and (late := self._ended.judge(code, brief(seen))) is not None:
            return (self._late(late[0], seen),)
        return NOTHING

    def finish(self) -> Iterator[Outcome]:
        yield from self._ended.finish()

    def _verb(self, call: VerbCall) -> None:
        if call.verb == "login" and call.returns.get("code"):
            self._codes.put(call.device, str(call.returns["code"]))
        elif call.verb == "logout" and call.failure is None:
            session = self.facts.sessions.get(self._codes.pop(call.device))
            if session is not None:
                self._log_out(session, call.ended)

    def _log_out(self, session: Session, now_s: float) -> None:
        polls = self.facts.polls
        pending = polls.first(session.code) is not None and not polls.is_over(session.code)
        if pending and now_s < session.expires_s:
            self._ended.begin(session.code, now_s, session.code)

    def _late(self, before: Exchange, seen: Exchange) -> Broken:
        return Broken(
            kind="polled-after-logout",
            exchanges=(before.id, seen.id),
            device=seen.device,
            expected=f"no poll of code {seen.code} after the viewer has logged out",
            observed="the code was polled on after the logout",
        )
