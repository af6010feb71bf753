"""Live evaluation of a run: the rules judge journal exchanges and verbs of viewers in order of time."""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.evaluation.engine import Judge, RuleResult
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.lags import in_stalls
from pass_harness.conformance.evaluation.tally import Finding
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.observation import Observation, VerbCall, moment
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.readers.journal_pages import BEGAN_AGAIN, stalls_since
from pass_harness.conformance.rule import Rule
from pass_harness.load.backlog import Backlog
from pass_harness.load.ipc_messages import AdobeCall, Arrival, TimedVerb
from pass_harness.load.run_statistics import Demand, Traffic, is_of_service
from pass_harness.load.timeline import Timeline
from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.exchange import Exchange, Stall

HORIZON = 10.0
"""Maximum time difference in seconds between the two sources: the journal has an exchange only after its response."""
MOST_WAITING = 100_000
"""Maximum number of buffered observations; if exceeded, the oldest are released early."""
PAGE = 500
"""Exchanges per request to the journal: a larger page would make the mock's event loop lag."""
POLL_INTERVAL_S = 0.5
BATCH = 50
"""Observations read before yielding to the event loop, so that the generator's output is read promptly."""
JUDGING_SHARE = 0.1
"""Share of a core for the rules until the end of the event; they judge the rest of the observations after it."""
SLICE_S = 0.005
"""Seconds of judging before a pause."""
IDLE_S = 0.2


class TimeOrder:
    """A buffer that releases observations in order of time, `HORIZON` seconds behind the newest one."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Observation]] = []
        self._arrivals = count()
        self._newest = float("-inf")
        self.journal_read_to = float("inf")
        """Time of the last exchange read, while the journal has more: the verbs after it wait for their exchanges."""

    def add(self, seen: Observation) -> Iterator[Observation]:
        """Add an observation and yield those that are due."""
        self._newest = max(self._newest, moment(seen))
        heapq.heappush(self._waiting, (moment(seen), next(self._arrivals), seen))
        due = min(self._newest, self.journal_read_to) - HORIZON
        while self._waiting[0][0] < due or len(self._waiting) > MOST_WAITING:
            yield heapq.heappop(self._waiting)[2]

    def rest(self) -> Iterator[Observation]:
        """Yield the buffered observations."""
        while self._waiting:
            yield heapq.heappop(self._waiting)[2]


class LiveJudge:
    """The evaluation of one run. Statistics are made at once; the rules judge when `judge_for` lets them.

    Its memory does not grow with the length of the run.
    """

    def __init__(
        self,
        rules: Sequence[type[Rule]],
        expectations: Expectations,
        *,
        seconds: float,
        found: Callable[[Finding], None] = lambda _: None,
    ) -> None:
        """Prepare to judge an event of ``seconds``; ``found`` is called with each finding.

        Observations before the time of `begin` are judged, but not counted in the statistics.
        """
        self.demand = Demand()
        self.traffic = Traffic()
        self.timeline = Timeline(seconds)
        self.exchanges = 0
        """Number of judged exchanges, including those of browsers and the doctor."""
        self.judged_calls = 0
        """Number of judged calls of the service to Adobe Pass, including those before the event."""
        self.lost = 0
        """Number of missing ids: the journal dropped these exchanges before they could be fetched."""
        self.findings: Counter[str] = Counter()
        """Number of findings by rule, up to now; the report leaves out those that a lag explains."""
        self._stalls: list[Stall] = []
        self._rules = tuple(rules)
        self._judge = Judge(rules, expectations, history=EvidenceHistory())
        self._ordered = TimeOrder()
        self._backlog = Backlog()
        self.last_id = 0
        """Id of the last judged exchange, or of the last one before the run."""
        self._found = found
        self._judging_s = self._began = 0.0
        self.share = 0.0
        """Processor time of the rules during the event, in per cent of a core; known after `end`."""

    def follow(self, *, after: int) -> None:
        """Start the run after the exchange with that id."""
        self.last_id = after

    def begin(self, at: float) -> None:
        """Start the event at ``at`` (s, on the clock of the run)."""
        self.timeline.begin(at)
        self._judging_s, self._began = 0.0, time.monotonic()

    def end(self) -> None:
        """End the event: from now on the rules may judge without limit."""
        self.share = round(self._judging_s / (time.monotonic() - self._began) * 100, 1)

    def exchange(self, exchange: Exchange) -> None:
        """Add the next exchange of the journal. Ids are consecutive, so a gap is the number of lost exchanges."""
        self.lost += exchange.id - self.last_id - 1
        self.last_id = exchange.id
        self.exchanges += 1
        self.judged_calls += is_of_service(exchange)
        if self.timeline.has_begun(exchange.wall):
            self.traffic.add(exchange)
            self.timeline.add_exchange(exchange)
        self._put_off(self._ordered.add(exchange))

    def journal_read(self, page: Sequence[Exchange], *, to_its_end: bool) -> None:
        """Note that a page of the journal was read: later verbs wait for their exchanges unless it was the last."""
        self._ordered.journal_read_to = float("inf") if to_its_end or not page else page[-1].wall

    def mock_stalled(self, stalls: list[Stall]) -> None:
        """Set the stalls of the mock up to now; a verb is judged later than the stalls during it are known."""
        self._stalls = stalls
        self._judge.stalled(stalls)

    @property
    def stalls(self) -> list[Stall]:
        """The stalls of the mock since the start of the event."""
        return [stall for stall in self._stalls if self.timeline.has_begun(stall.end_s)]

    @property
    def stalled_s(self) -> float:
        """Seconds since the start of the event in which the mock was stalled."""
        return self.timeline.stalled_s(self.stalls)

    def adobe_call(self, call: AdobeCall) -> None:
        """Add a call to Adobe Pass of a run without a journal."""
        if self.timeline.has_begun(call.at):
            self.traffic.add_call(call)
            self.timeline.add_call(call)

    def call(self, call: VerbCall) -> None:
        """Add a verb that no viewer sent: of the doctor before the event, or a fail-over of Adobe Pass."""
        self._put_off(self._ordered.add(call))

    def arrival(self, arrival: Arrival) -> None:
        """Add the arrival of a viewer."""
        self.demand.add_arrival(arrival)
        self.timeline.add_arrival(arrival)

    def verb(self, verb: TimedVerb) -> None:
        """Add the next verb of a viewer."""
        if self.timeline.has_begun(verb.intended):
            self.demand.add(verb)
            self.timeline.add_verb(verb)
        self._put_off(self._ordered.add(verb.call))

    def conclude(self, available: frozenset[str]) -> list[RuleResult]:
        """Return the result of each rule; call once, at the end.

        ``available`` are the verbs and facilities of the run; rules that need others are untestable.
        """
        self._put_off(self._ordered.rest())
        self.judge_for(math.inf)
        return self._judge.conclude(untestable=lacking(self._rules, available))

    @property
    def waiting(self) -> int:
        """The number of observations that the rules have not judged."""
        return len(self._backlog)

    def judge_for(self, seconds: float) -> None:
        """Let the rules judge waiting observations, in order, for ``seconds`` of processor time."""
        began = time.thread_time()
        while self._backlog and time.thread_time() < began + seconds:
            self._judge_one(self._backlog.get())
        self._judging_s += time.thread_time() - began

    def _put_off(self, observations: Iterator[Observation]) -> None:
        for seen in observations:
            self._backlog.put(seen)

    def _judge_one(self, seen: Observation) -> None:
        observation = in_stalls(seen, self._stalls) if isinstance(seen, VerbCall) and self._stalls else seen
        for finding in self._judge.observe(observation):
            self.timeline.add_finding(moment(observation))
            self.findings[finding.card.id] += 1
            self._found(finding)


async def judge_slowly(judge: LiveJudge) -> None:
    """Let the rules judge with `JUDGING_SHARE` of a core, so that they do not slow viewers, mock and service down."""
    while True:
        began = time.thread_time()
        judge.judge_for(SLICE_S)
        took = time.thread_time() - began
        await asyncio.sleep(took * (1 / JUDGING_SHARE - 1) if judge.waiting else IDLE_S)


async def follow_journal(control: ControlClient, judge: LiveJudge, *, ended: asyncio.Event) -> None:
    """Pass new exchanges of the journal, and stalls of the mock, to the judge.

    Returns when ``ended`` is set and the journal is read to its end. Raises `HarnessError` if the ids began again.
    """
    while True:
        last = ended.is_set()
        page = await control.exchanges(after=judge.last_id, limit=PAGE)
        if page.next < judge.last_id:
            raise HarnessError(BEGAN_AGAIN)
        for number, exchange in enumerate(page.exchanges):
            judge.exchange(exchange)
            if number % BATCH == 0:
                await asyncio.sleep(0)
        judge.journal_read(page.exchanges, to_its_end=len(page.exchanges) < PAGE)
        if len(page.exchanges) == PAGE:
            continue
        judge.mock_stalled(await stalls_since(control, 0.0))
        if last:
            return
        await asyncio.sleep(POLL_INTERVAL_S)
