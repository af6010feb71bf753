"""The watch over spaces that several processes serve: one judges (leader.py), each tells what is found."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Sequence

import msgspec

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.journal.journal import SharedJournal
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.live.evaluation import LiveReport
from pass_harness.mock_server.live.leader import (
    ASKS,
    FOUND,
    PROCESSES,
    PUBLISHED,
    Ask,
    Leader,
    Process,
    findings_log,
    journal_log,
)
from pass_harness.mock_server.live.monitor import KEPT_FINDINGS, Monitor
from pass_harness.mock_server.live.observer import Finding, ObserverFactory
from pass_harness.mock_server.store import SharedStore, StoreUnavailable, Table
from pass_harness.mock_server.store.packing import unpack
from pass_harness.mock_server.store.space_record import Head, SpaceRecord

log = logging.getLogger("mock_server")

BEAT = 0.1
"""Seconds from one word of a process to the next."""
_LEASE = 3.0
"""Seconds for which a process that judges may do so without renewing that."""
_LONGEST_WAIT = 10.0
_LOOK = 0.02


class Lease(msgspec.Struct, frozen=True):
    """Which process judges, and until when (s) unless it renews that."""

    holder: str
    until: float


LEASES = Table("leases", Lease)


class SharedMonitor(Monitor):
    """The watch over one space in one of its processes."""

    def __init__(self, watching: SharedMonitoring, store: SharedStore, clock: Clock, name: str, head: Head) -> None:
        super().__init__()
        self.name = name
        self._watching = watching
        self._store = store
        self._clock = clock
        self._head = head
        self._told: tuple[SpaceRecord | None, int, int] | None = None
        self.renew(head.record.life)

    def renew(self, life: int) -> None:
        self._tables = self._store.space(self.name, life)
        self._findings = findings_log(self._store, self.name, life)
        super().renew(life)

    async def report(self) -> LiveReport:
        if not await self._watching.is_judged():
            return LiveReport(rules=msgspec.Raw(b"[]"), judged=0, waiting=0, stopped=None)
        number = await self._ask()
        ends = self._clock.monotonic_s() + _LONGEST_WAIT
        while self._clock.monotonic_s() < ends:
            published = await self._tables.read(PUBLISHED, "")
            if published is not None and published.answers >= number:
                return LiveReport(
                    rules=msgspec.Raw(published.rules),
                    judged=published.judged,
                    waiting=published.waiting,
                    stopped=published.stopped,
                )
            await self._clock.sleep(_LOOK)
        raise StoreUnavailable(f"the process that judges has not answered within {_LONGEST_WAIT:g} s: ask again")

    async def findings(self, *, after: int = 0, since: int = 0) -> list[tuple[int, Finding]]:
        entries = await self._findings.after(after, KEPT_FINDINGS)
        found = [(number, unpack(FOUND, entry)) for number, entry in entries]
        return [(number, one.finding) for number, one in found if one.exchange > since]

    async def last_finding(self) -> int:
        return await self._findings.last()

    async def look(self, journal: SharedJournal) -> None:
        """Wakes the listeners if something has happened in any process."""
        state = (await self._head.read(), await journal.last_id(), await self.last_finding())
        if state != self._told:
            self._told = state
            self.wake()

    async def _ask(self) -> int:
        at = self._clock.monotonic_s()

        def step(ask: Ask | None) -> tuple[Ask, int]:
            number = ask.number + 1 if ask is not None else 1
            return Ask(number=number, at=at), number

        return await self._store.root().change(ASKS, "", self.name, step)


class SharedMonitoring:
    """Makes the journals and watches of one process, tells how far it is, and judges if it is its turn."""

    def __init__(
        self,
        store: SharedStore,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        limit: int,
        recorder: Recorder | None,
        process: str,
    ) -> None:
        """``process`` is a name that no other process has."""
        self._store = store
        self._root = store.root()
        self._clock = clock
        self._factories = tuple(factories)
        self._limit = limit
        self._recorder = recorder
        self._process = process
        self._appended: dict[str, int] = {}
        self._court: Leader | None = None
        self._all: weakref.WeakKeyDictionary[SharedMonitor, SharedJournal] = weakref.WeakKeyDictionary()

    @property
    def shared(self) -> bool:
        return True

    def follow(self, name: str, head: Head) -> tuple[SharedJournal, SharedMonitor]:
        """The journal of a space and the watch over it."""

        def appended(id_: int) -> None:
            self._appended[name] = id_
            watch.wake()

        watch = SharedMonitor(self, self._store, self._clock, name, head)
        journal = SharedJournal(
            lambda life: journal_log(self._store, name, life, self._limit),
            head,
            self._recorder,
            appended,
            self._process,
        )
        self._all[watch] = journal
        return journal, watch

    async def run(self) -> None:
        """Does its part until cancelled, and says goodbye."""
        failing = False
        try:
            while True:
                spent = 0.0
                try:
                    spent = await self._beat()
                    failing = False
                except StoreUnavailable as error:
                    if not failing:
                        log.warning("%s", error)
                    failing = True
                await self._clock.sleep(max(BEAT - spent, 0.0))
        finally:
            await self._goodbye()

    async def is_judged(self) -> bool:
        """Whether a process judges, or this one could."""
        lease = await self._root.read(LEASES, "")
        return bool(self._factories) or (lease is not None and lease.until > self._clock.monotonic_s())

    def close(self) -> None:
        """Sends all listeners away: the mock is ending."""
        for watch in self._all:
            watch.close()

    async def _beat(self) -> float:
        """Tells, judges and looks; the seconds that it took."""
        began = self._clock.monotonic_s()
        oldest = {watch.name: arrived for watch in self._all if (arrived := watch.oldest) is not None}
        word = Process(seen=began, oldest=oldest, appended=dict(self._appended))
        await self._root.write(PROCESSES, "", self._process, word)
        for watch, journal in [*self._all.items()]:
            if watch.listeners:
                await watch.look(journal)
        if self._factories and await self._leads(began):
            self._court = self._court or Leader(self._store, self._clock, self._factories, self._limit)
            await self._court.sit()
            await self._court.judge(began + BEAT)
        else:
            self._court = None
        return self._clock.monotonic_s() - began

    async def _leads(self, now_s: float) -> bool:
        def step(lease: Lease | None) -> tuple[Lease, bool]:
            if lease is not None and lease.holder != self._process and lease.until > now_s:
                return lease, False
            return Lease(self._process, now_s + _LEASE), True

        return await self._root.change(LEASES, "", "", step)

    async def _goodbye(self) -> None:
        def step(lease: Lease | None) -> tuple[Lease | None, None]:
            return (None if lease is not None and lease.holder == self._process else lease), None

        try:
            await self._root.delete(PROCESSES, "", self._process)
            await self._root.change(LEASES, "", "", step)
        except (StoreUnavailable, asyncio.CancelledError):
            pass  # then its time runs out
