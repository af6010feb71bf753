"""Polling for a login on a second screen starts promptly."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import brief
from pass_harness.conformance.facts.sessions import KEPT_CODES, Session, answered_at
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

START_WITHIN_S = 10.0
"""Seconds from the session response to the first poll."""


class PollStartsPromptly(Rule):
    card = Card(
        id="authentication.poll-starts-promptly",
        title="Polling for a login on a second screen starts within 10 seconds",
        severity=Severity.MUST,
        requirement="If the viewer types the code on another screen, the service starts to poll right after the "
        f"session response; {START_WITHIN_S:g} s are allowed.",
        breaks="The viewer has logged in, but the streaming app still shows the code.",
        remedy="Start the poller of a code when the session response arrives.",
        kinds=("polled-late", "never-polled"),
        citations=(citations.CHECKLIST_POLLING_START, citations.FAQ_POLLING_START),
        needs=frozenset({"login"}),
        judges_app=True,
    )

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._first_poll: Bounded[str, Exchange] = Bounded(KEPT_CODES)
        self._waiting: Bounded[str, Session] = Bounded(KEPT_CODES)

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            yield from self._verb(seen)
            return
        replaced, code = self.facts.sessions.replaced, self.facts.sessions.polled
        if replaced is not None:
            self._waiting.pop(replaced.code)
        if code is not None and self._first_poll.get(code) is None:
            self._first_poll.put(code, brief(seen))
            session = self._waiting.pop(code)
            if session is not None:
                yield self._judge(session, seen)

    def finish(self) -> Iterator[Outcome]:
        for code in self._waiting:
            session = self._waiting.get(code)
            if session is not None and self.facts.now_s > answered_at(session) + START_WITHIN_S:
                yield self._late(session, None, Fault("never-polled", "the code was never polled"))

    def _verb(self, call: VerbCall) -> Iterator[Outcome]:
        """Judge, or wait for, the first poll after a login on a second screen; only the verb names the screen."""
        session = self.facts.sessions.get(call.returns.get("code")) if call.verb == "login" else None
        if session is None or call.arguments.get("screen") != "secondary":
            return
        poll = self._first_poll.get(session.code)
        if poll is not None:
            yield self._judge(session, poll)
        else:
            self._waiting.put(session.code, session)

    def _judge(self, session: Session, poll: Exchange) -> Outcome:
        after = poll.wall - answered_at(session)
        late = self._late(session, poll, Fault("polled-late", f"the first poll came after {after:.1f} s"))
        outcome = HELD if after <= START_WITHIN_S else late
        return timed(self.expectations, outcome, session.exchange, poll, slack=abs(START_WITHIN_S - after))

    def _late(self, session: Session, poll: Exchange | None, fault: Fault) -> Broken:
        return Broken(
            kind=fault.kind,
            exchanges=(session.exchange.id, poll.id) if poll else (session.exchange.id,),
            device=session.exchange.device,
            expected=f"the first poll of code {session.code} within {START_WITHIN_S:g} s of the session response",
            observed=fault.observed,
        )
