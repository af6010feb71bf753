"""Live evaluation of a mock in one process; shared.py is for several processes.

Evaluation runs between requests and takes a twentieth of the time while requests arrive, so that a mock under load
responds first and judges later.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Sequence

import msgspec

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.journal.journal import Journal, LocalJournal
from pass_harness.mock_server.journal.raw_exchange import RawExchange
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.journal.stalls import Stalls
from pass_harness.mock_server.live.evaluation import Evaluation, LiveReport
from pass_harness.mock_server.live.monitor import KEPT_FINDINGS, Monitor
from pass_harness.mock_server.live.observer import Finding, ObserverFactory
from pass_harness.mock_server.ring_buffer import ByteBudget, RingBuffer
from pass_harness.mock_server.store.space_record import SpaceRecordHandle

FINDINGS_BYTES = 16 * 1_048_576
"""Bytes of the kept findings of all spaces, as JSON."""
BUSY_SHARE, IDLE_SHARE = 0.05, 0.5
"""Maximum share of the time for evaluation while requests arrive, and while none do."""


class LocalMonitor(Monitor):
    """The monitor of a space whose exchanges this process judges."""

    def __init__(
        self,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        max_waiting: int,
        budget: ByteBudget,
        stalls: Stalls,
        on_work: Callable[[LocalMonitor], None] = lambda _: None,
    ) -> None:
        """``budget`` is the memory for findings; ``on_work`` receives the monitor if exchanges may wait."""
        super().__init__()
        self._evaluation = Evaluation(clock, factories, max_waiting, self._on_finding)
        self._stalls = stalls
        self._on_work = on_work
        self._last_finding = 0
        self._findings: RingBuffer[tuple[int, int, Finding]] = RingBuffer(KEPT_FINDINGS, budget)

    def answered(self, ticket: int) -> None:
        del self._in_progress[ticket]
        if self._evaluation.waiting:
            self._on_work(self)

    def add(self, raw: RawExchange) -> None:
        """Queue a new exchange of the journal for evaluation."""
        self._evaluation.add(raw.wall, raw.id, raw.exchange)
        self.wake()

    def dropped(self, raw: RawExchange) -> None:
        """Note that the journal has dropped an exchange."""
        self._evaluation.dropped(raw.id)

    @property
    def ready(self) -> bool:
        """Whether an exchange can be judged."""
        return self._evaluation.ready(self.oldest_s)

    @property
    def stopped(self) -> str | None:
        """Reason why the evaluation stopped; None while it runs."""
        return self._evaluation.stopped

    def judge(self) -> float:
        """Judge ready exchanges for one slice of time; return the seconds spent."""
        return self._evaluation.judge(self.oldest_s)

    def renew(self, life: int) -> None:
        self._evaluation.reset()
        self._findings.clear()
        super().renew(life)

    async def report(self) -> LiveReport:
        await self._evaluation.catch_up(lambda: self.oldest_s)
        return self._evaluation.report((await self._stalls.latest()).stalls)

    async def findings(self, *, after: int = 0, since: int = 0) -> list[tuple[int, Finding]]:
        return [
            (number, finding) for number, id_, finding in self._findings.entries if number > after and id_ > since
        ]

    async def last_finding(self) -> int:
        return self._last_finding

    def _on_finding(self, id_: int, finding: Finding) -> None:
        self._last_finding += 1
        self._findings.append((self._last_finding, id_, finding), len(msgspec.json.encode(finding)))
        self.wake()


class LocalMonitoring:
    """Journals, monitors and evaluation of all spaces of a mock in one process."""

    def __init__(
        self,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        limit: int,
        journal_bytes: int,
        stalls: Stalls,
        recorder: Recorder | None = None,
    ) -> None:
        """``limit`` is the number of exchanges that a journal keeps, ``journal_bytes`` the memory of all journals."""
        self._clock = clock
        self._factories = tuple(factories)
        self._limit = limit
        self._stalls = stalls
        self._recorder = recorder
        self.budgets = {"journal": ByteBudget(journal_bytes), "findings": ByteBudget(FINDINGS_BYTES)}
        self._busy: dict[LocalMonitor, None] = {}
        self._has_work = asyncio.Event()
        self._all: weakref.WeakSet[LocalMonitor] = weakref.WeakSet()

    @property
    def shared(self) -> bool:
        return False

    def open(self, name: str, record_handle: SpaceRecordHandle) -> tuple[Journal, Monitor]:
        monitor = LocalMonitor(
            self._clock, self._factories, self._limit, self.budgets["findings"], self._stalls, self._on_work
        )
        self._all.add(monitor)
        journal = LocalJournal(
            self._limit, record_handle, self._recorder, monitor.add, self.budgets["journal"], monitor.dropped
        )
        return journal, monitor

    async def run(self) -> None:
        """Evaluate the busy spaces in turn until cancelled, and pause so as to use no more than a share of the time.

        The share is `BUSY_SHARE` while requests arrive, else `IDLE_SHARE`.
        """
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            while busy := [monitor for monitor in self._busy if monitor.ready]:
                for monitor in busy:
                    share = BUSY_SHARE if self._has_work.is_set() else IDLE_SHARE
                    self._has_work.clear()
                    await self._clock.sleep(monitor.judge() * (1 / share - 1))
            self._busy.clear()

    def close(self) -> None:
        for monitor in self._all:
            monitor.close()

    def _on_work(self, monitor: LocalMonitor) -> None:
        self._busy[monitor] = None
        self._has_work.set()
