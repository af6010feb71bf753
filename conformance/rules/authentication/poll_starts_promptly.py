"""Polling for a login on a second screen starts promptly."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.breaker import MAY_BE_OPEN
from pass_harness.conformance.facts.exchanges import PROFILE_ANSWERS, interval, profiles
from pass_harness.conformance.facts.sessions import KEPT_CODES, Session, answered_at
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.short_gaps import SecondScreens
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

START_WITHIN_S = 10.0
"""Seconds from the session response to the first poll."""
UNFINISHED = "the trace ended before the first poll of a code was due"
LOOKED_UP = "the only requests for a code came while the viewer typed it, so they may be the second screen's"


class PollStartsPromptly(Rule):
    card = Card(
        id="authentication.poll-starts-promptly",
        title="Polling for a login on a second screen starts within 10 seconds",
        grade=Grade.MUST,
        requirement="If the viewer types the code on another screen, the service starts to poll right after the "
        f"session response; {START_WITHIN_S:g} s are allowed. The wait ends early with a new code, a logout, or a "
        "profile of the device by another request. A poll with a wrong address is a poll.",
        breaks="The viewer has logged in, but the streaming app still shows the code.",
        remedy="Start the poller of a code when the session response arrives.",
        kinds=("polled-late", "never-polled"),
        citations=(citations.CHECKLIST_POLLING_START, citations.FAQ_POLLING_START),
        needs=frozenset({"login"}),
        judges_app=True,
    )

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._waiting: Bounded[str, Session] = Bounded(KEPT_CODES)
        self._screens = SecondScreens()
        self._by_owner: Bounded[tuple[str | None, str], str] = Bounded(KEPT_CODES)
        """Code that each device waits for; `_by_device` has it by the driver's name of the device."""
        self._by_device: Bounded[str, str] = Bounded(KEPT_CODES)

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            yield from self._verb(seen)
            return
        if not len(self._waiting):
            return
        replaced, code = self.facts.sessions.replaced, self.facts.polls.code
        if code is not None:
            session, first = self._waiting.pop(code), self.facts.polls.first(code)
            if session is not None and first is not None:
                yield self._judge(session, first)
        if replaced is not None:
            self._waiting.pop(replaced.code)
        if seen.endpoint == "logout" or (seen.endpoint in PROFILE_ANSWERS and profiles(seen)):
            self._end(self._by_owner.pop((seen.service_provider, seen.device or seen.ip)))

    def finish(self) -> Iterator[Outcome]:
        for code in self._waiting:
            session = self._waiting.get(code)
            if session is None:
                continue
            requests = self.facts.polls.requests(code)
            first = next((one for one in requests if not self._screens.caused(one)), None)
            if first is not None:
                yield self._judge(session, first)
            elif requests:
                yield Unclear(reason=LOOKED_UP, exchanges=(session.exchange.id,))
            elif self.facts.now_s > answered_at(session) + START_WITHIN_S:
                yield self._late(session, None, Fault("never-polled", "the code was never polled"))
            else:
                yield Unclear(reason=UNFINISHED, exchanges=(session.exchange.id,))

    def _verb(self, call: VerbCall) -> Iterator[Outcome]:
        """Judge, or wait for, the first poll after a login on a second screen; only the verb names the screen."""
        self._screens.observe(call)
        if call.verb == "logout":
            self._end(self._by_device.pop(call.device))
        session = self.facts.sessions.get(call.returns.get("code")) if call.verb == "login" else None
        if session is None or call.arguments.get("screen") != "secondary":
            return
        poll = self.facts.polls.first(session.code)
        if poll is not None:
            yield self._judge(session, poll)
        elif not self.facts.polls.is_over(session.code):
            self._waiting.put(session.code, session)
            self._by_owner.put(session.owner, session.code)
            self._by_device.put(call.device, session.code)

    def _end(self, code: str | None) -> None:
        """End the wait for the first poll of a code, which is not needed any more."""
        if code is not None:
            self._waiting.pop(code)

    def _judge(self, session: Session, poll: Exchange) -> Outcome:
        after = poll.wall - answered_at(session)
        if after > START_WITHIN_S and self.facts.breaker.may_open(answered_at(session), poll.wall):
            return Unclear(reason=MAY_BE_OPEN, exchanges=(session.exchange.id, poll.id))
        if after <= START_WITHIN_S:
            return timed(self.expectations, HELD, session.exchange, poll, slack=START_WITHIN_S - after)
        observed = f"the first poll came {interval(session.exchange, poll)}"
        return self._late(session, poll, Fault("polled-late", observed), after)

    def _late(self, session: Session, poll: Exchange | None, fault: Fault, after: float = 0.0) -> Broken:
        return Broken(
            kind=fault.kind,
            exchanges=(session.exchange.id, poll.id) if poll else (session.exchange.id,),
            device=session.exchange.device,
            expected=f"the first poll of code {session.code} within {START_WITHIN_S:g} s of the session response",
            observed=fault.observed,
            margin_s=after - START_WITHIN_S if poll else 0.0,
        )
