"""Judging while it runs: the mock's journal and the viewers' verbs, put in order of time and shown to the rules."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from pass_harness.conformance.evaluation.engine import Finding, Judge, RuleResult, lacking
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.observation import Observation, VerbCall, moment
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.rule import Rule
from pass_harness.load.ipc_messages import Asked, Called, Came
from pass_harness.load.run_statistics import Demand, Traffic
from pass_harness.load.timeline import Timeline
from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.exchange import Exchange

HORIZON = 10.0
"""Seconds by which one source may be behind the other: an exchange is in the journal only once it was answered."""
MOST_WAITING = 100_000
"""Observations that wait for their turn at most; beyond it the oldest no longer wait."""
PAGE = 500
"""Exchanges fetched at once: a larger page would make the mock's event loop lag."""
LOOK_EVERY = 0.5
BATCH = 50
"""Observations judged without a break, so that what the generator writes is read promptly."""


class Ordered:
    """Hands observations on in order of time, each once something is seen that happened `HORIZON` later."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Observation]] = []
        self._arrivals = count()
        self._newest = float("-inf")

    def add(self, seen: Observation) -> Iterator[Observation]:
        """Takes one observation; those whose turn has come."""
        self._newest = max(self._newest, moment(seen))
        heapq.heappush(self._waiting, (moment(seen), next(self._arrivals), seen))
        while self._waiting[0][0] < self._newest - HORIZON or len(self._waiting) > MOST_WAITING:
            yield heapq.heappop(self._waiting)[2]

    def rest(self) -> Iterator[Observation]:
        while self._waiting:
            yield heapq.heappop(self._waiting)[2]


class LiveJudge:
    """Counts and judges one run as it goes. Its memory does not grow with the length of the run."""

    def __init__(
        self,
        rules: Sequence[type[Rule]],
        expectations: Expectations,
        *,
        seconds: float,
        found: Callable[[Finding], None] = lambda _: None,
    ) -> None:
        """``seconds`` is the length of the event; ``found`` is told of findings as they arise.

        What happens before `begin` is judged but not counted.
        """
        self.demand = Demand()
        self.traffic = Traffic()
        self.timeline = Timeline(seconds)
        self.exchanges = 0
        """All that were judged, those of browsers and of the doctor too."""
        self.lost = 0
        """Exchanges whose ids are missing: the journal dropped them before they could be fetched."""
        self._rules = tuple(rules)
        self._judge = Judge(rules, expectations, history=EvidenceHistory())
        self._ordered = Ordered()
        self.last_id = 0
        """Of the exchanges that were judged, or that were before the run."""
        self._found = found

    def follow(self, *, after: int) -> None:
        """The run begins after the exchange with that id."""
        self.last_id = after

    def begin(self, at: float) -> None:
        """The event begins at ``at`` (s, on the clock of the run)."""
        self.timeline.begin(at)

    def exchange(self, exchange: Exchange) -> None:
        """Takes the next exchange of the journal; ids are consecutive, so a gap tells how many are lost."""
        self.lost += exchange.id - self.last_id - 1
        self.last_id = exchange.id
        self.exchanges += 1
        if self.timeline.begun(exchange.wall):
            self.traffic.add(exchange)
            self.timeline.exchange(exchange)
        self._judge_all(self._ordered.add(exchange))

    def called(self, called: Called) -> None:
        """Takes a call to Adobe Pass where no journal tells of it."""
        if self.timeline.begun(called.at):
            self.traffic.call(called)
            self.timeline.called(called)

    def call(self, call: VerbCall) -> None:
        """Takes what no viewer asked, but the doctor before the event, or what was done to Adobe Pass."""
        self._judge_all(self._ordered.add(call))

    def came(self, came: Came) -> None:
        """Takes the arrival of a viewer."""
        self.demand.arrive(came)
        self.timeline.came(came)

    def asked(self, asked: Asked) -> None:
        """Takes the next verb of a viewer."""
        if self.timeline.begun(asked.intended):
            self.demand.add(asked)
            self.timeline.asked(asked)
        self._judge_all(self._ordered.add(asked.call))

    def conclude(self, available: frozenset[str]) -> list[RuleResult]:
        """The results; ``available`` is what rules may need and have. Call it once, at the end."""
        self._judge_all(self._ordered.rest())
        return self._judge.conclude(untestable=lacking(self._rules, available))

    def _judge_all(self, observations: Iterator[Observation]) -> None:
        for observation in observations:
            for finding in self._judge.observe(observation):
                self.timeline.found(moment(observation))
                self._found(finding)


async def follow_journal(control: ControlClient, judge: LiveJudge, *, ended: asyncio.Event) -> None:
    """Shows the judge the journal as it grows, until ``ended`` is set and all of it was read."""
    while True:
        last = ended.is_set()
        page = await control.exchanges(after=judge.last_id, limit=PAGE)
        for number, exchange in enumerate(page.exchanges):
            judge.exchange(exchange)
            if number % BATCH == 0:
                await asyncio.sleep(0)
        if len(page.exchanges) == PAGE:
            continue
        if last:
            return
        await asyncio.sleep(LOOK_EVERY)
