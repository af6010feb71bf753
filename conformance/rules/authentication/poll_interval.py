"""Polls of a code are at least three seconds apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import brief
from pass_harness.conformance.facts.polls import MAX_LOOKUPS
from pass_harness.conformance.facts.sessions import KEPT_CODES, POLL_ENDPOINTS
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.short_gaps import Gap, Rhythm, SecondScreens, Spacing
from pass_harness.conformance.facts.timing import timed_held
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

STEADY_GAPS = 4
"""Short gaps, all alike, that look-ups cannot cause: at most `MAX_LOOKUPS` requests are look-ups."""
STEADY_GAPS_AT_END = 2
"""Number of such gaps, if a code had no others until its login or the end of the trace."""


class PollInterval(Rule):
    card = Card(
        id="authentication.poll-interval",
        title="Polls of an authentication code are at least 3 seconds apart",
        grade=Grade.MUST,
        requirement="While a viewer logs in, the service polls profiles/code/{code} every 3 to 5 seconds or less "
        "often, from whatever address. Two polls must arrive at least 2.7 s apart, which leaves room for jitter. A "
        f"second screen may look the code up too: at most {MAX_LOOKUPS} requests for a code, before the login and "
        "again after it, that differ from the polls in address or headers are no polls. With a driver, a request "
        f"during enter_code is none either. Without one, up to {MAX_LOOKUPS} extra requests for a code are tolerated "
        "if the other polls keep the interval and the short gaps of all codes are not alike. The rules on errors "
        "judge the repetition of a poll that failed (401, 429, 5xx, no response).",
        breaks="Polls are most of the load of a live event. Polls that come too fast use up the device's request "
        "allowance (HTTP 429) and slow every login down.",
        remedy="Wait 3 to 5 seconds after each poll of a code before the next one.",
        kinds=("polled-too-soon",),
        citations=(citations.CHECKLIST_POLLING_INTERVAL, citations.FAQ_POLLING_INTERVAL),
        needs=frozenset({"login"}),
    )
    watches = POLL_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._spacings: Bounded[str, Spacing] = Bounded(KEPT_CODES)
        self._rhythm = Rhythm()
        self._screens = SecondScreens()

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            self._screens.observe(seen)
        found = [self._broken([gap]) for gap in self._screens.unexplained(self.facts.now_s)]
        code = self.facts.polls.code
        if isinstance(seen, VerbCall) or code is None:
            return found
        return [*found, *self._polled(code, brief(seen))]

    def finish(self) -> Iterator[Outcome]:
        yield from (self._broken([gap]) for gap in self._screens.unexplained(float("inf")))
        for code in self._spacings if not self.facts.driven else ():
            spacing = self._spacings.get(code)
            if spacing and spacing.steady and STEADY_GAPS_AT_END <= len(spacing.steady) < STEADY_GAPS:
                yield self._broken(spacing.steady)

    def _polled(self, code: str, seen: Exchange) -> Sequence[Outcome]:
        spacing, polls = self._spacings.get(code), self.facts.polls.polls(code)
        if spacing is None or self.facts.polls.recounted:
            spacing = Spacing(self.expectations.min_poll_interval_s)
            self._spacings.put(code, spacing)
            outcomes = [outcome for poll in polls for outcome in self._judge(spacing.add(poll), spacing)]
        else:
            outcomes = [*self._judge(spacing.add(seen), spacing)]
        if self.facts.polls.is_over(code):
            self._spacings.pop(code)  # another rule judges polls after the login
        return outcomes

    def _judge(self, gap: Gap | None, spacing: Spacing) -> Sequence[Outcome]:
        if gap is None:
            return NOTHING
        if spacing.gaps == 1:
            self._rhythm.codes += 1
        if gap.seconds >= spacing.shortest_s:
            return timed_held(self.expectations, *gap, slack=gap.seconds - spacing.shortest_s)
        if self.facts.driven:
            self._screens.doubt(gap)
            return NOTHING
        evidence = self._machine(gap.after, spacing)
        return [self._broken(evidence)] if evidence else NOTHING

    def _machine(self, seen: Exchange, spacing: Spacing) -> Sequence[Gap]:
        """Return the short gaps that a machine caused, without a driver that would report the second screen's."""
        steady, over = spacing.steady or (), self.facts.polls.is_over(str(seen.code))
        if len(steady) >= (STEADY_GAPS_AT_END if over else STEADY_GAPS):
            return steady
        if not spacing.extras or spacing.extras[-1].after is not seen:
            return ()
        if len(spacing.extras) > MAX_LOOKUPS:
            return spacing.extras[-MAX_LOOKUPS - 1 :]
        if self.facts.polls.is_near_second_screen(spacing.extras[-1].after):
            return ()
        return self._rhythm.add(spacing.extras[-1])

    def _broken(self, gaps: Sequence[Gap]) -> Outcome:
        last, exchanges = gaps[-1], dict.fromkeys(one.id for gap in gaps for one in gap)
        others = f", one of {len(gaps)} such intervals" if len(gaps) > 1 else ""
        return Broken(
            kind="polled-too-soon",
            exchanges=tuple(exchanges),
            device=last.after.device,
            expected="at least 3 s between two polls of a code",
            observed=f"code {last.after.code} was polled again after {span(last.seconds)}{others}",
            margin_s=self.expectations.min_poll_interval_s - max(gap.seconds for gap in gaps),
        )
