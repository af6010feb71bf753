"""Judging while it runs: the mock's journal and the viewers' verbs, put in order of time and shown to the rules."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from conformance.engine import Finding, Judge, RuleResult, lacking
from conformance.observation import Observation, VerbCall, moment
from conformance.rule import Expectations, Rule
from conformance.witness import Witness
from load.figures import Demand, Traffic
from load.messages import Asked
from mock_server.control_client import ControlClient
from mock_server.exchange import Exchange

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
        after: int,
        begins: float,
        found: Callable[[Finding], None] = lambda _: None,
    ) -> None:
        """``after`` is the id of the last exchange before the run; what happened before ``begins`` (s, on the mock's
        monotonic clock) is judged but not counted; ``found`` is told of findings as they arise.
        """
        self.demand = Demand()
        self.traffic = Traffic()
        self.exchanges = 0
        """All that were judged, those of browsers and of the doctor too."""
        self.lost = 0
        """Exchanges whose ids are missing: the journal dropped them before they could be fetched."""
        self._rules = tuple(rules)
        self._judge = Judge(rules, expectations, witness=Witness())
        self._ordered = Ordered()
        self._last_id = after
        self._begins = begins
        self._found = found

    def exchange(self, exchange: Exchange) -> None:
        """Takes the next exchange of the journal; ids are consecutive, so a gap tells how many are lost."""
        self.lost += exchange.id - self._last_id - 1
        self._last_id = exchange.id
        self.exchanges += 1
        if exchange.wall >= self._begins:
            self.traffic.add(exchange)
        self._judge_all(self._ordered.add(exchange))

    def call(self, call: VerbCall) -> None:
        """Takes a verb that no viewer asked, but the doctor before the event."""
        self._judge_all(self._ordered.add(call))

    def asked(self, asked: Asked) -> None:
        """Takes the next verb of a viewer."""
        self.demand.add(asked)
        self._judge_all(self._ordered.add(asked.call))

    def conclude(self, verbs: frozenset[str]) -> list[RuleResult]:
        """The results; ``verbs`` are those that the service is mapped for. Call it once, at the end."""
        self._judge_all(self._ordered.rest())
        return self._judge.conclude(untestable=lacking(self._rules, verbs))

    def _judge_all(self, observations: Iterator[Observation]) -> None:
        for observation in observations:
            for finding in self._judge.observe(observation):
                self._found(finding)


async def follow_journal(control: ControlClient, judge: LiveJudge, *, after: int, ended: asyncio.Event) -> None:
    """Shows the judge the journal as it grows, until ``ended`` is set and all of it was read."""
    while True:
        last = ended.is_set()
        page = await control.exchanges(after=after, limit=PAGE)
        for number, exchange in enumerate(page.exchanges):
            judge.exchange(exchange)
            if number % BATCH == 0:
                await asyncio.sleep(0)
        after = max(after, page.next)
        if len(page.exchanges) == PAGE:
            continue
        if last:
            return
        await asyncio.sleep(LOOK_EVERY)
