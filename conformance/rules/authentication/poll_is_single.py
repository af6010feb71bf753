"""Each authentication code has one poller."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import allows_retry, brief, ended, profiles
from pass_harness.conformance.facts.sessions import KEPT_CODES, POLL_ENDPOINTS
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

COMPARED_POLLS = 4
"""Number of consecutive polls that the rule compares."""
LONGEST_INTERVAL_S = 5.5
"""Seconds between two polls of one poller: Adobe's longest interval, with room for jitter."""


class PollIsSingle(Rule):
    card = Card(
        id="authentication.poll-is-single",
        title="An authentication code is polled by one poller",
        severity=Severity.MUST,
        requirement="The service runs one poller for each authentication code. Two pollers show as polls that "
        "overlap, or as polls that come too fast while every second one keeps the interval of 3 to 5 seconds.",
        breaks="Each further poller adds the full load of a login again and keeps running when the first one stops.",
        remedy="Run one poller for each code, whichever request starts it, and stop it when the code ends.",
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
        polls = [*(self._polls.get(code) or []), brief(seen)][-COMPARED_POLLS:]
        if profiles(seen):
            self._polls.pop(code)  # another rule judges polls after the login
        else:
            self._polls.put(code, polls)
        return [timed(self.expectations, self._judge(polls), *polls)] if len(polls) > 1 else NOTHING

    def _judge(self, polls: list[Exchange]) -> Outcome:
        if polls[-1].wall < ended(polls[-2]):
            return self._two(polls[-2:], Fault("overlapping-polls", "two polls were in progress at the same time"))
        if (
            len(polls) == COMPARED_POLLS
            and not any(allows_retry(poll) for poll in polls[:-1])
            and self._interleaved(polls)
        ):
            return self._two(
                polls,
                Fault("interleaved-polls", "two interleaved series of polls, each with a full interval"),
            )
        return HELD

    def _interleaved(self, polls: list[Exchange]) -> bool:
        shortest = self.expectations.min_poll_interval_s
        quick = all(later.wall - poll.wall < shortest for poll, later in pairwise(polls))
        return quick and all(
            shortest <= later.wall - poll.wall <= LONGEST_INTERVAL_S
            for poll, later in zip(polls, polls[2:], strict=False)
        )

    def _two(self, polls: list[Exchange], fault: Fault) -> Broken:
        return Broken(
            kind=fault.kind,
            exchanges=tuple(poll.id for poll in polls),
            device=polls[-1].device,
            expected=f"one poller for code {polls[-1].code}",
            observed=fault.observed,
        )
