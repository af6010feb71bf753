"""Each authentication code has one poller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, starmap

from pass_harness.conformance.facts.exchanges import allows_retry
from pass_harness.conformance.facts.polls import MAX_LOOKUPS
from pass_harness.conformance.facts.sessions import POLL_ENDPOINTS
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.short_gaps import (
    Gap,
    PairedPolls,
    Rhythm,
    SecondPolls,
    SecondScreens,
    are_spaced,
    gap_of_second,
    second_series,
)
from pass_harness.conformance.facts.timing import timed, timed_held
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

OVERLAPPING = Fault("overlapping-polls", "two polls at the same time")
INTERLEAVED = Fault("interleaved-polls", "two interleaved series of polls, each with a full interval")


class PollIsSingle(Rule):
    card = Card(
        id="authentication.poll-is-single",
        title="An authentication code is polled by one poller",
        grade=Grade.MUST,
        requirement="The service runs one poller for each authentication code, on whatever instance. Two pollers "
        "show as polls that come too soon after another one while it is in progress, as pairs of polls at the same "
        "moment, a full interval apart, or as two interleaved series that both keep the interval. Look-ups by a "
        "second screen are tolerated as for the interval: with a driver those during enter_code, without one up to "
        f"{MAX_LOOKUPS} for a code, unless all come equally soon after a poll. A poll that starts a full interval "
        "after a slow one is not a second poller. Two pollers exactly half an interval apart look like one that is "
        "too fast.",
        breaks="Each further poller adds the full load of a login again and keeps running when the first one stops.",
        remedy="Run one poller for each code, whichever request starts it, and stop it when the code ends.",
        kinds=("overlapping-polls", "interleaved-polls"),
        citations=(citations.CHECKLIST_POLLING_INTERVAL, citations.CHECKLIST_POLLING_STOP),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._overlaps, self._screens = Rhythm(), SecondScreens()
        self._pairs, self._seconds = PairedPolls(facts.driven), SecondPolls(facts.driven)
        self._shortest_s = expectations.min_poll_interval_s

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            self._screens.observe(seen)
        gaps, code = self._screens.unexplained(self.facts.now_s), self.facts.polls.code
        doubted = [outcome for gap in gaps for outcome in self._unexplained(gap)] if gaps else NOTHING
        if isinstance(seen, VerbCall) or code is None:
            return doubted
        if len(polls := self.facts.polls.polls(code)) == 2:
            self._seconds.rhythm.codes = self._overlaps.codes = self._overlaps.codes + 1
        if not doubted and are_spaced(polls, self._shortest_s):
            return timed_held(self.expectations, polls[-2], polls[-1])
        return [*doubted, *self._judge([*polls])]

    def finish(self) -> Iterator[Outcome]:
        return (outcome for gap in self._screens.unexplained(float("inf")) for outcome in self._unexplained(gap))

    def _judge(self, polls: list[Exchange]) -> Iterator[Outcome]:
        overlaps = [gap for gap in starmap(Gap, pairwise(polls)) if gap.overlaps(self._shortest_s)]
        two_at_once = bool(overlaps) and overlaps[-1].after is polls[-1]
        pair = None if two_at_once else self._pairs.latest(polls, self._shortest_s)
        if self.facts.driven and (two_at_once or pair is not None):
            self._screens.doubt(Gap(*polls[-2:]))
        elif two_at_once:
            if alike := overlaps if len(overlaps) > MAX_LOOKUPS else self._overlaps.add(overlaps[-1]):
                yield self._two(OVERLAPPING, *alike)
        elif pair is not None and not self.facts.polls.is_near_second_screen(pair.after):
            yield from self._unexplained(pair)
        if two := [*self._interleaved(polls)]:
            yield from two
        elif len(polls) > 1 and polls[-1].wall - polls[-2].wall >= self._shortest_s:
            yield timed(self.expectations, HELD, *polls[-2:])

    def _unexplained(self, gap: Gap) -> Iterator[Outcome]:
        if gap.overlaps(self._shortest_s):
            yield self._two(OVERLAPPING, gap)
        elif gaps := self._pairs.add(gap) if gap.is_pair else self._seconds.add(gap):
            yield self._two(OVERLAPPING if gap.is_pair else INTERLEAVED, *gaps)

    def _interleaved(self, polls: list[Exchange]) -> Iterator[Outcome]:
        """Yield the finding if the polls are those of two pollers, by the polls of this code or of all codes."""
        if len(polls) < 3 or any(allows_retry(poll) for poll in polls[:-1]):
            return
        self._seconds.observe(polls, self._shortest_s)
        gap = gap_of_second(polls[-3:], self._shortest_s)
        if evidence := second_series(polls, self._shortest_s, more_than=MAX_LOOKUPS):
            yield self._two(INTERLEAVED, evidence)
        elif gap is None or gap.is_pair or gap.overlaps(self._shortest_s):
            return  # pairs and overlaps were judged as they came
        elif self.facts.driven:
            self._screens.doubt(gap)
        elif not self.facts.polls.is_near_second_screen(gap.after) and (gaps := self._seconds.add(gap)):
            yield self._two(INTERLEAVED, *gaps)

    def _two(self, fault: Fault, *gaps: Sequence[Exchange]) -> Outcome:
        last = gaps[-1][-1]
        return Broken(
            kind=fault.kind,
            exchanges=tuple(dict.fromkeys(poll.id for gap in gaps for poll in gap)),
            device=last.device,
            expected=f"one poller for code {last.code}",
            observed=fault.observed,
        )
