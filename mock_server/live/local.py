"""The watch over a space: which requests are under way, who listens to what happens, and what the observers find.

Judging is done off the way of requests and gets a twentieth of the time while there are any: a mock under load
answers first and judges later. `LocalMonitor` is that of a mock in one process; shared.py has that of several.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Callable, Sequence

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.journal.journal import Journal, LocalJournal
from pass_harness.mock_server.journal.raw_exchange import RawExchange
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.live.evaluation import Evaluation, LiveReport
from pass_harness.mock_server.live.monitor import KEPT_FINDINGS, Monitor
from pass_harness.mock_server.live.observer import Finding, ObserverFactory
from pass_harness.mock_server.store.space_record import Head

BUSY_SHARE, QUIET_SHARE = 0.05, 0.5
"""The share of the time that judging may take while requests come, and while none do."""


class LocalMonitor(Monitor):
    """Judges in this process, which is the only one."""

    def __init__(
        self,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        most_waiting: int,
        work: Callable[[LocalMonitor], None] = lambda _: None,
    ) -> None:
        """``work`` is told when there may be something to judge."""
        super().__init__()
        self._judging = Evaluation(clock, factories, most_waiting, self._found)
        self._work = work
        self._last_finding = 0
        self._findings: deque[tuple[int, int, Finding]] = deque(maxlen=KEPT_FINDINGS)

    def answered(self, ticket: int) -> None:
        del self._under_way[ticket]
        if self._judging.waiting:
            self._work(self)

    def add(self, raw: RawExchange) -> None:
        """Takes an exchange that was just written to the journal."""
        self._judging.add(raw.wall, raw.id, raw.exchange)
        self.wake()

    @property
    def ready(self) -> bool:
        """Whether an exchange can be judged now."""
        return self._judging.ready(self.oldest)

    @property
    def stopped(self) -> str | None:
        """Why no more is judged, if so."""
        return self._judging.stopped

    def judge(self) -> float:
        """Judges for a slice of time at most; the seconds that it took."""
        return self._judging.judge(self.oldest)

    def renew(self, life: int) -> None:
        self._judging.begin()
        self._findings.clear()
        super().renew(life)

    async def report(self) -> LiveReport:
        await self._judging.catch_up(lambda: self.oldest)
        return self._judging.report()

    async def findings(self, *, after: int = 0, since: int = 0) -> list[tuple[int, Finding]]:
        return [(number, finding) for number, id_, finding in self._findings if number > after and id_ > since]

    async def last_finding(self) -> int:
        return self._last_finding

    def _found(self, id_: int, finding: Finding) -> None:
        self._last_finding += 1
        self._findings.append((self._last_finding, id_, finding))
        self.wake()


class LocalMonitoring:
    """For a mock in one process."""

    def __init__(
        self, clock: Clock, factories: Sequence[ObserverFactory], limit: int, recorder: Recorder | None = None
    ) -> None:
        """``limit`` is how many exchanges a journal keeps."""
        self._clock = clock
        self._factories = tuple(factories)
        self._limit = limit
        self._recorder = recorder
        self._busy: dict[LocalMonitor, None] = {}
        self._work = asyncio.Event()
        self._all: weakref.WeakSet[LocalMonitor] = weakref.WeakSet()

    @property
    def shared(self) -> bool:
        return False

    def follow(self, name: str, head: Head) -> tuple[Journal, Monitor]:
        watch = LocalMonitor(self._clock, self._factories, self._limit, self._has_work)
        self._all.add(watch)
        return LocalJournal(self._limit, head, self._recorder, watch.add), watch

    async def run(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while busy := [watch for watch in self._busy if watch.ready]:
                for watch in busy:
                    share = BUSY_SHARE if self._work.is_set() else QUIET_SHARE
                    self._work.clear()
                    await self._clock.sleep(watch.judge() * (1 / share - 1))
            self._busy.clear()

    def close(self) -> None:
        for watch in self._all:
            watch.close()

    def _has_work(self, watch: LocalMonitor) -> None:
        self._busy[watch] = None
        self._work.set()
