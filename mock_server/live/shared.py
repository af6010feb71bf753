"""Live evaluation of a mock in several processes: heartbeats, and reports from the store; leader.py evaluates."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Mapping, Sequence

import msgspec

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.journal.journal import SharedJournal
from pass_harness.mock_server.journal.masking import DEFAULT, Masker
from pass_harness.mock_server.journal.raw_exchange import Unpacker
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.live.evaluation import LiveReport
from pass_harness.mock_server.live.leader import (
    FINDINGS,
    HEARTBEAT_TIMEOUT_S,
    HEARTBEATS,
    REPORT_REQUESTS,
    REPORTS,
    Heartbeat,
    Leader,
    ReportRequest,
    findings_log,
    journal_log,
)
from pass_harness.mock_server.live.monitor import KEPT_FINDINGS, Monitor
from pass_harness.mock_server.live.observer import Finding, ObserverFactory
from pass_harness.mock_server.ring_buffer import ByteBudget
from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.store.packing import unpack
from pass_harness.mock_server.store.shared import SharedStore
from pass_harness.mock_server.store.space_record import SpaceRecord, SpaceRecordHandle

log = logging.getLogger("mock_server")

HEARTBEAT_INTERVAL_S = 0.1
_MAX_REPORT_WAIT_S = 10.0
_REPORT_POLL_INTERVAL_S = 0.02


class SharedMonitor(Monitor):
    """The monitor of one space in one of several processes."""

    def __init__(
        self,
        monitoring: SharedMonitoring,
        store: SharedStore,
        clock: Clock,
        name: str,
        record_handle: SpaceRecordHandle,
    ) -> None:
        super().__init__()
        self.name = name
        self._monitoring = monitoring
        self._store = store
        self._clock = clock
        self._record_handle = record_handle
        self._last_state: tuple[SpaceRecord | None, int, int] | None = None
        self.renew(record_handle.record.life)

    def renew(self, life: int) -> None:
        self._tables = self._store.space(self.name, life)
        self._findings = findings_log(self._store, self.name, life)
        super().renew(life)

    async def report(self) -> LiveReport:
        if not await self._monitoring.has_leader():
            return LiveReport(rules=msgspec.Raw(b"[]"), judged=0, waiting=0, stopped=None)
        number = await self._request_report()
        deadline_s = self._clock.monotonic_s() + _MAX_REPORT_WAIT_S
        while self._clock.monotonic_s() < deadline_s:
            report = await self._tables.read(REPORTS, "")
            if report is not None and report.answers >= number:
                return LiveReport(
                    rules=msgspec.Raw(report.rules),
                    judged=report.judged,
                    waiting=report.waiting,
                    stopped=report.stopped,
                )
            await self._clock.sleep(_REPORT_POLL_INTERVAL_S)
        raise StoreUnavailable(
            f"the process that evaluates the live rules did not respond within {_MAX_REPORT_WAIT_S:g} s: try again"
        )

    async def findings(self, *, after: int = 0, since: int = 0) -> list[tuple[int, Finding]]:
        entries = await self._findings.after(after, KEPT_FINDINGS)
        stored = [(number, unpack(FINDINGS, entry)) for number, entry in entries]
        return [(number, one.finding) for number, one in stored if one.exchange > since]

    async def last_finding(self) -> int:
        return await self._findings.last()

    async def wake_if_changed(self, journal: SharedJournal) -> None:
        """Wake the listeners if any process has changed the space since the last call."""
        state = (await self._record_handle.read(), await journal.last_id(), await self.last_finding())
        if state != self._last_state:
            self._last_state = state
            self.wake()

    async def _request_report(self) -> int:
        now_s = self._clock.monotonic_s()

        def step(request: ReportRequest | None) -> tuple[ReportRequest, int]:
            number = request.number + 1 if request is not None else 1
            return ReportRequest(number=number, at=now_s), number

        return await self._store.root().change(REPORT_REQUESTS, "", self.name, step)


class SharedMonitoring:
    """Journals, monitors and heartbeats of one process; evaluates the spaces that the process is the leader of."""

    def __init__(
        self,
        store: SharedStore,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        limit: int,
        recorder: Recorder | None,
        process: str,
        masker: Masker = DEFAULT,
    ) -> None:
        """``process`` is a name that is unique among the processes; ``masker`` masks the exchanges that are read."""
        self._unpacker = Unpacker(masker)
        self._store = store
        self._root = store.root()
        self._clock = clock
        self._limit = limit
        self._recorder = recorder
        self._process = process
        self._appended: dict[str, int] = {}
        self.leader = Leader(process, store, clock, factories, limit, self._unpacker) if factories else None
        self._all: weakref.WeakKeyDictionary[SharedMonitor, SharedJournal] = weakref.WeakKeyDictionary()

    @property
    def shared(self) -> bool:
        return True

    @property
    def budgets(self) -> Mapping[str, ByteBudget]:
        """Empty: journals and findings are in the memory of the store."""
        return {}

    def open(self, name: str, record_handle: SpaceRecordHandle) -> tuple[SharedJournal, SharedMonitor]:
        """Return the journal and the monitor of a space."""

        def appended(id_: int) -> None:
            self._appended[name] = id_
            monitor.wake()

        monitor = SharedMonitor(self, self._store, self._clock, name, record_handle)
        journal = SharedJournal(
            lambda life: journal_log(self._store, name, life, self._limit),
            record_handle,
            self._recorder,
            appended,
            self._process,
            self._unpacker,
        )
        self._all[monitor] = journal
        return journal, monitor

    async def run(self) -> None:
        """Send heartbeats and evaluate until cancelled; then delete the heartbeat and leave the spaces to others."""
        failing = False
        try:
            while True:
                spent_s = 0.0
                try:
                    spent_s = await self._heartbeat()
                    failing = False
                except StoreUnavailable as error:
                    if not failing:
                        log.warning("%s", error)
                    failing = True
                await self._clock.sleep(max(HEARTBEAT_INTERVAL_S - spent_s, 0.0))
        finally:
            await self._release()

    async def has_leader(self) -> bool:
        """Return whether a process can be the leader of a space."""
        if self.leader is not None:
            return True
        since_s = self._clock.monotonic_s() - HEARTBEAT_TIMEOUT_S
        return any(beat.judges and beat.seen >= since_s for _, _, beat in await self._root.all_rows(HEARTBEATS))

    def close(self) -> None:
        """Disconnect all listeners, for the shutdown of the mock."""
        for monitor in self._all:
            monitor.close()

    async def _heartbeat(self) -> float:
        """Write the heartbeat, wake listeners, and evaluate as a leader; return the seconds spent."""
        started_s = self._clock.monotonic_s()
        oldest = {monitor.name: arrived_s for monitor in self._all if (arrived_s := monitor.oldest_s) is not None}
        judges = self.leader is not None
        heartbeat = Heartbeat(seen=started_s, oldest=oldest, appended=dict(self._appended), judges=judges)
        await self._root.write(HEARTBEATS, "", self._process, heartbeat)
        for monitor, journal in [*self._all.items()]:
            if monitor.listeners:
                await monitor.wake_if_changed(journal)
        if self.leader is not None:
            await self.leader.poll()
            await self.leader.judge(started_s + HEARTBEAT_INTERVAL_S)
        return self._clock.monotonic_s() - started_s

    async def _release(self) -> None:
        try:
            await self._root.delete(HEARTBEATS, "", self._process)
            if self.leader is not None:
                await self.leader.release()
        except (StoreUnavailable, asyncio.CancelledError):
            pass  # the heartbeat expires
