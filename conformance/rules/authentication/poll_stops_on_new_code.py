"""Polling of a code stops when a new code replaces it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import brief, interval, profiles
from pass_harness.conformance.facts.polling_on import PollingOn
from pass_harness.conformance.facts.sessions import POLL_ENDPOINTS, Session, answered_at
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

IN_PROGRESS_S = 0.5
"""Seconds within which a poll that was already due may still arrive."""


class PollStopsOnNewCode(Rule):
    card = Card(
        id="authentication.poll-stops-on-new-code",
        title="Polling of a code stops when the device gets a new code",
        grade=Grade.MUST,
        requirement="A new session of a device replaces the previous one, and the service stops polling the "
        "previous code at once. One last poll may be on its way.",
        breaks="Each new code adds a poller that can only learn that its session is over.",
        remedy="Stop the device's poller before you create a new session, or as soon as it is created.",
        kinds=("old-code-polled",),
        citations=(citations.CHECKLIST_POLLING_STOP, citations.FAQ_POLLING_STOP),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._polled: Bounded[str, bool] = Bounded()
        self._unpolled: Bounded[str, Session] = Bounded()
        """The session that replaced each code whose poller has not begun yet."""
        self._replaced: PollingOn[Session] = PollingOn(facts, in_progress_s=IN_PROGRESS_S)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        held, found = self._replaced.passed(), self._observe(seen)
        return (*held, *found) if held else found

    def _observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        old, code = self.facts.sessions.replaced, self.facts.polls.code
        new = self.facts.sessions.current(seen) if old is not None else None
        if old is not None and new is not None:
            self._end(old, new, seen.wall)
        if code is None:
            return NOTHING
        late_poller = self._unpolled.pop(code)
        if late_poller is not None and not profiles(seen):
            self._replaced.begin(code, answered_at(late_poller), late_poller)
        late = self._replaced.judge(code, brief(seen))
        if late is not None:
            return (self._late(*late, seen),)
        if profiles(seen):
            self._polled.pop(code)
        else:
            self._polled.put(code, True)
        return NOTHING

    def _end(self, old: Session, new: Session, now_s: float) -> None:
        polled = self._polled.pop(old.code)
        if now_s >= old.expires_s:
            return
        if polled:
            self._replaced.begin(old.code, answered_at(new), new)
        elif not self.facts.polls.is_over(old.code):
            self._unpolled.put(old.code, new)

    def finish(self) -> Iterator[Outcome]:
        yield from self._replaced.finish()

    def _late(self, before: Exchange, new: Session, seen: Exchange) -> Broken:
        return Broken(
            kind="old-code-polled",
            exchanges=(new.exchange.id, before.id, seen.id),
            device=seen.device,
            expected=f"no poll of code {seen.code} after code {new.code} replaced it",
            observed=f"the old code was polled on {interval(new.exchange, seen)}",
        )
