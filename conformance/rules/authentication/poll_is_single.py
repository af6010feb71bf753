"""A code has one poller."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import asks_again, brief, ended, profiles
from pass_harness.conformance.facts.sessions import KEPT_CODES, POLL_ENDPOINTS
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

LOOKED_AT = 4
"""Polls that show the rhythm."""
SLOWEST = 5.5
"""Seconds between two polls of one poller: Adobe's longest interval, with room for jitter."""


class PollIsSingle(Rule):
    card = Card(
        id="authentication.poll-is-single",
        title="A code is polled by one poller",
        severity=Severity.MUST,
        requirement="There is one poller for each authentication code. Two are recognised by polls that overlap, or "
        "by polls that come too quickly while every second one keeps the interval of 3 to 5 seconds.",
        breaks="Every further poller doubles the load of logins and lives on when the first one stops.",
        remedy="Keep one poller for each code, wherever the app asks from, and stop it with the code.",
        kinds=("overlapping-polls", "interleaved-polls"),
        citations=(citations.CHECKLIST_POLLING_INTERVAL, citations.CHECKLIST_POLLING_STOP),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._polls: Bounded[str, list[Exchange]] = Bounded(KEPT_CODES)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        code = self.facts.sessions.polled
        if isinstance(seen, VerbCall) or code is None:
            return NOTHING
        polls = [*(self._polls.get(code) or []), brief(seen)][-LOOKED_AT:]
        if profiles(seen):
            self._polls.pop(code)  # whoever polls on is a matter of another rule
        else:
            self._polls.put(code, polls)
        return [timed(self.expectations, self._judge(polls), *polls)] if len(polls) > 1 else NOTHING

    def _judge(self, polls: list[Exchange]) -> Outcome:
        if polls[-1].wall < ended(polls[-2]):
            return self._two(polls[-2:], Fault("overlapping-polls", "two polls were under way at the same time"))
        if len(polls) == LOOKED_AT and not any(asks_again(poll) for poll in polls[:-1]) and self._interleaved(polls):
            return self._two(polls, Fault("interleaved-polls", "polls come in two interleaved rhythms"))
        return HELD

    def _interleaved(self, polls: list[Exchange]) -> bool:
        shortest = self.expectations.poll_interval
        quick = all(later.wall - poll.wall < shortest for poll, later in pairwise(polls))
        return quick and all(
            shortest <= later.wall - poll.wall <= SLOWEST for poll, later in zip(polls, polls[2:], strict=False)
        )

    def _two(self, polls: list[Exchange], fault: Fault) -> Broken:
        return Broken(
            kind=fault.kind,
            exchanges=tuple(poll.id for poll in polls),
            device=polls[-1].device,
            expected=f"one poller for code {polls[-1].code}",
            observed=fault.observed,
        )
