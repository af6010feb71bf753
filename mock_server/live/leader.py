"""Judging where several processes serve: one of them judges, all spaces and for all.

Each process tells every tenth of a second, in a table, how far it has come: the ids that it appended to the journals,
and when the oldest request arrived that it has not answered. From that the judging process knows up to which arrival
nothing can be missing. What it finds goes into a log of the space, its report into a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.journal.journal import exchange_of
from pass_harness.mock_server.live.evaluation import Evaluation
from pass_harness.mock_server.live.monitor import KEPT_FINDINGS
from pass_harness.mock_server.live.observer import Finding, ObserverFactory
from pass_harness.mock_server.store import Log, SharedStore, SpaceStore, Table
from pass_harness.mock_server.store.packing import pack
from pass_harness.mock_server.store.space_record import SPACES, SpaceRecord

GONE = 2.0
"""Seconds without a word after which a process counts as gone."""
_FORGOTTEN = 60.0
_PAGE = 1_000
_MOST_READ_AHEAD = 5_000
_BETWEEN_REPORTS = 1.0
SHARE = 0.1
"""The share of its time that the process that judges may take for it."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """How far a process has come; times in seconds on the clock that all go by."""

    seen: float
    """When it said so: what arrived earlier is answered and in the journal, unless it is named here."""
    oldest: dict[str, float]
    """By space, when the oldest unanswered request arrived."""
    appended: dict[str, int]
    """By space, the last id that it appended to the journal."""

    def complete(self, space: str) -> float:
        """Up to which arrival nothing can be missing of what it serves in a space."""
        return self.oldest.get(space, self.seen)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants a report of a space with everything that was answered before ``at``."""

    number: int
    at: float


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A report of a space."""

    rules: bytes
    """As JSON."""
    judged: int
    waiting: int
    stopped: str | None
    answers: int
    """The number of the last `Ask` that it answers."""


class Found(msgspec.Struct, frozen=True):
    """A finding in its log, with the id of the exchange that it came of."""

    exchange: int
    finding: Finding


PROCESSES = Table("processes", Process)
ASKS = Table("asks", Ask)
PUBLISHED = Table("published", Published)
FOUND = Table("findings", Found)


def journal_log(store: SharedStore, space: str, life: int, limit: int) -> Log:
    return store.log(space, life, "journal", limit)


def findings_log(store: SharedStore, space: str, life: int) -> Log:
    return store.log(space, life, "findings", KEPT_FINDINGS)


class Leader:
    """The judging of all spaces, in the one process that does it."""

    def __init__(self, store: SharedStore, clock: Clock, factories: Sequence[ObserverFactory], limit: int) -> None:
        self._store = store
        self._root = store.root()
        self._clock = clock
        self._factories = factories
        self._limit = limit
        self._cases: dict[str, _SpaceEvaluation] = {}
        self._known: set[str] = set()

    async def sit(self) -> None:
        """Takes what is new, judges a slice of it, and answers who asked."""
        now_s = self._clock.monotonic_s()
        processes = await self._processes(now_s)
        asks = {space: ask for _, space, ask in await self._root.all_rows(ASKS)}
        records = {name: record for _, name, record in await self._root.all_rows(SPACES)}
        # A process that came or went may have appended what no process tells any more.
        everywhere = set(processes) != self._known
        self._known = set(processes)
        self._cases = {name: case for name, case in self._cases.items() if name in records}
        for name, record in records.items():
            case = await self._case(name, record)
            case.complete = min((process.complete(name) for process in processes.values()), default=now_s)
            ask = asks.get(name)
            asked = ask is not None and ask.number > case.answered
            appended = max((process.appended.get(name, 0) for process in processes.values()), default=0)
            if everywhere or asked or appended > case.read:
                await case.read_on()
            heard = min((process.seen for process in processes.values()), default=now_s)
            if ask is not None and asked and heard >= ask.at:
                await case.answer(ask)
            else:
                await case.tell(now_s)
        for name in asks.keys() - records.keys():
            await self._root.delete(ASKS, "", name)

    async def judge(self, until: float) -> None:
        """Judges what is ready, space by space, with pauses for the requests of this process, until a time (s)."""
        while ready := [name for name, case in self._cases.items() if case.ready]:
            for name in ready:
                if self._clock.monotonic_s() >= until:
                    return
                case = self._cases[name] = self._cases.pop(name)  # next time it is the others' turn first
                await self._clock.sleep(case.judging.judge(case.complete) * (1 / SHARE - 1))

    async def _processes(self, now_s: float) -> Mapping[str, Process]:
        rows = {name: process for _, name, process in await self._root.all_rows(PROCESSES)}
        for name, process in rows.items():
            if process.seen < now_s - _FORGOTTEN:
                await self._root.delete(PROCESSES, "", name)
        return {name: process for name, process in rows.items() if process.seen >= now_s - GONE}

    async def _case(self, name: str, record: SpaceRecord) -> _SpaceEvaluation:
        case = self._cases.get(name)
        if case is None or case.life != record.life:
            case = _SpaceEvaluation(self._store, self._clock, self._factories, self._limit, name, record.life)
            await case.take_over()
            self._cases[name] = case
        return case


class _SpaceEvaluation:
    """The judging of one life of a space."""

    def __init__(
        self,
        store: SharedStore,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        limit: int,
        space: str,
        life: int,
    ) -> None:
        self.life = life
        self.read = 0
        """The id of the last exchange that was read."""
        self.answered = 0
        """The number of the last ask that was answered."""
        self.complete = 0.0
        """Up to which arrival nothing can be missing."""
        self.judging = Evaluation(clock, factories, limit + _MOST_READ_AHEAD, self._found)
        self._tables: SpaceStore = store.space(space, life)
        self._journal = journal_log(store, space, life, limit)
        self._findings = findings_log(store, space, life)
        self._taken = 0
        self._to_skip = 0
        self._to_publish: list[Found] = []
        self._published_at = clock.monotonic_s()
        self._published_judged = 0

    @property
    def ready(self) -> bool:
        return self.judging.ready(self.complete)

    async def take_over(self) -> None:
        """Goes on where another process ended: what that one found already is not told again."""
        self._to_skip = await self._findings.total()
        published = await self._tables.read(PUBLISHED, "")
        self.answered = published.answers if published is not None else 0
        await self.read_on()

    async def read_on(self) -> None:
        """Takes what was appended to the journal, as far as there is room."""
        while self.judging.waiting < _MOST_READ_AHEAD and self.judging.stopped is None:
            if await self._journal.dropped() > self._taken:
                self.judging.stop("exchanges left the journal before they could be judged")
                return
            entries = await self._journal.after(self.read, _PAGE)
            for number, entry in entries:
                exchange = exchange_of(number, entry)
                self.judging.add(exchange.wall, number, lambda exchange=exchange: exchange)  # type: ignore[misc]  # bound now
                self.read = number
            self._taken += len(entries)
            if len(entries) < _PAGE:
                return

    async def answer(self, ask: Ask) -> None:
        """Judges what can be judged, unless it is very much, and reports."""
        await self.judging.catch_up(lambda: self.complete)
        self.answered = ask.number
        await self._publish()

    async def tell(self, now_s: float) -> None:
        """Publishes what was found, and once a second how far the judging is."""
        await self._publish_findings()
        news = self.judging.judged > self._published_judged or self.judging.stopped is not None
        if news and now_s - self._published_at >= _BETWEEN_REPORTS:
            self._published_at = now_s
            await self._publish()

    async def _publish(self) -> None:
        await self._publish_findings()
        self._published_judged = self.judging.judged
        report = self.judging.report()
        published = Published(
            rules=msgspec.json.encode(report.rules),
            judged=report.judged,
            waiting=report.waiting,
            stopped=report.stopped,
            answers=self.answered,
        )
        await self._tables.write(PUBLISHED, "", "", published)

    async def _publish_findings(self) -> None:
        while self._to_publish:
            await self._findings.append(pack(self._to_publish[0]))
            del self._to_publish[0]

    def _found(self, exchange: int, finding: Finding) -> None:
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._to_publish.append(Found(exchange, finding))
