"""Leaders of the live evaluation among several processes: one process judges the exchanges that all have of a space.

Each process writes a heartbeat to a table ten times a second: the last ids that it appended to the journals, and the
arrival of its oldest request in progress. From the heartbeats the leader of a space derives the time up to which the
journal is complete. Findings go to a log of the space, reports to a table.

A space without a leader that lives goes to the process that has the highest score for it (rendezvous hashing), so
that several spaces have several leaders. It stays there while that process lives, because a new leader reads the
journal from its beginning.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.journal.raw_exchange import Unpacker
from pass_harness.mock_server.journal.stalls import Stalls
from pass_harness.mock_server.live.evaluation import Evaluation
from pass_harness.mock_server.live.monitor import KEPT_FINDINGS
from pass_harness.mock_server.live.observer import Finding, ObserverFactory
from pass_harness.mock_server.store import SpaceStore, Table
from pass_harness.mock_server.store.packing import pack
from pass_harness.mock_server.store.shared import Log, SharedStore
from pass_harness.mock_server.store.space_record import SPACES, SpaceRecord

HEARTBEAT_TIMEOUT_S = 2.0
"""Age of the last heartbeat after which a process counts as ended."""
_HEARTBEAT_RETENTION_S = 60.0
_PAGE = 200
_MAX_READ_AHEAD = 5_000
_READ_AHEAD_BYTES = 16 * 1_048_576
_REPORT_INTERVAL_S = 1.0
_RECORDS_INTERVAL_S = 1.0
"""Interval at which a leader reads the records of spaces without new exchanges."""
BUSY_SHARE, IDLE_SHARE = 0.1, 0.5
"""Maximum share of a leader's time for evaluation while any process answers requests, and while none does."""


class Leadership(msgspec.Struct, frozen=True):
    """The leader of a space, as long as it sends heartbeats."""

    process: str


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """Progress of a process; times in seconds of the clock that all processes share."""

    seen: float
    """Time of the heartbeat. Requests that arrived earlier are in the journal, except those in progress."""
    oldest: dict[str, float]
    """Arrival of the oldest request in progress, by space."""
    appended: dict[str, int]
    """Last id that the process appended to the journal, by space."""
    judges: bool = False
    """Whether the process can be a leader."""

    def complete_until_s(self, space: str) -> float:
        """Return the arrival up to which the process has written all of its exchanges in a space."""
        return self.oldest.get(space, self.seen)


class ReportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Request for a report of a space that includes all responses before ``at``."""

    number: int
    at: float


class StoredReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report of a space, as `LiveReport`."""

    rules: bytes
    """JSON."""
    judged: int
    waiting: int
    stopped: str | None
    answers: int
    """Number of the last `ReportRequest` that the report answers."""


class StoredFinding(msgspec.Struct, frozen=True):
    """A finding, with the id of the exchange that led to it."""

    exchange: int
    finding: Finding


HEARTBEATS = Table("heartbeats", Heartbeat)
LEADERS = Table("leaders", Leadership)
REPORT_REQUESTS = Table("report_requests", ReportRequest)
REPORTS = Table("reports", StoredReport)
FINDINGS = Table("findings", StoredFinding)


class OvertakenError(Exception):
    """Another process published results of the space, or the response to an own publication was lost."""


def journal_log(store: SharedStore, space: str, life: int, limit: int) -> Log:
    return store.log(space, life, "journal", limit)


def findings_log(store: SharedStore, space: str, life: int) -> Log:
    return store.log(space, life, "findings", KEPT_FINDINGS)


class Leader:
    """Evaluation of the spaces that a process is the leader of."""

    def __init__(
        self,
        process: str,
        store: SharedStore,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        limit: int,
        unpacker: Unpacker,
    ) -> None:
        self._process = process
        self._unpacker = unpacker
        self._store = store
        self._root = store.root()
        self._clock = clock
        self._factories = factories
        self._limit = limit
        self._spaces: dict[str, _SpaceEvaluation] = {}
        self._processes: set[str] = set()
        self._appended: list[dict[str, int]] = []
        self._share = IDLE_SHARE
        self._records: dict[str, SpaceRecord] = {}
        self._records_s = -_RECORDS_INTERVAL_S

    async def poll(self) -> None:
        """Read new exchanges of the spaces of this leader, answer report requests, and publish findings."""
        now_s = self._clock.monotonic_s()
        heartbeats = await self._heartbeats(now_s)
        appended_ids = [beat.appended for beat in heartbeats.values()]
        self._share = BUSY_SHARE if appended_ids != self._appended else IDLE_SHARE
        self._appended = appended_ids
        # The heartbeats may lack the last appended ids of a process that started or ended.
        read_all = set(heartbeats) != self._processes
        self._processes = set(heartbeats)
        leaders = {space: leader for _, space, leader in await self._root.all_rows(LEADERS)}
        requests = {space: request for _, space, request in await self._root.all_rows(REPORT_REQUESTS)}
        if read_all or now_s - self._records_s >= _RECORDS_INTERVAL_S:
            self._records_s = now_s
            self._records = {name: record for _, name, record in await self._root.all_rows(SPACES)}
            await self._forget_deleted(requests, leaders)
        else:
            elsewhere = heartbeats.keys() - {self._process}
            others = {name for name, leader in leaders.items() if leader.process in elsewhere}
            new = {name for ids in appended_ids for name, id_ in ids.items() if id_ > self._read_up_to(name)}
            new |= {name for name, request in requests.items() if request.number > self._answered_up_to(name)}
            await self._read_records(new - others)
        records = self._records
        self._spaces = {name: space for name, space in self._spaces.items() if name in records}
        for name, record in records.items():
            if not await self.leads(name, leaders.get(name), heartbeats):
                self._spaces.pop(name, None)
                continue
            space = await self._space(name, record)
            space.complete_until_s = min((beat.complete_until_s(name) for beat in heartbeats.values()), default=now_s)
            request = requests.get(name)
            requested = request is not None and request.number > space.answered
            appended = max((beat.appended.get(name, 0) for beat in heartbeats.values()), default=0)
            if read_all or requested or appended > space.read:
                await space.read_new()
            latest_s = min((beat.seen for beat in heartbeats.values()), default=now_s)
            try:
                if request is not None and requested and latest_s >= request.at:
                    await space.answer(request)
                else:
                    await space.publish(now_s)
            except OvertakenError:
                del self._spaces[name]  # the next poll, if this is still the leader, resumes from what is published

    async def leads(self, space: str, leader: Leadership | None, heartbeats: Mapping[str, Heartbeat]) -> bool:
        """Return whether this process is the leader of a space, or has just become it.

        ``leader`` is the one in the store, and ``heartbeats`` are those of the processes that live. What another
        process published between two leaderships of this one raises OvertakenError at the next publication.
        """
        if leader is not None and leader.process in heartbeats:
            return leader.process == self._process
        candidates = (process for process, beat in heartbeats.items() if beat.judges)
        if self._process != max(candidates, key=lambda one: zlib.crc32(f"{one} {space}".encode()), default=""):
            return False

        def step(found: Leadership | None) -> tuple[Leadership, bool]:
            if found is not None and found.process != self._process and found.process in heartbeats:
                return found, False
            return Leadership(self._process), True

        return await self._root.change(LEADERS, "", space, step)

    async def release(self) -> None:
        """Leave the spaces of this process to other leaders."""

        def step(leader: Leadership | None) -> tuple[Leadership | None, None]:
            return (None if leader is not None and leader.process == self._process else leader), None

        for name in self._spaces:
            await self._root.change(LEADERS, "", name, step)

    async def _read_records(self, names: Iterable[str]) -> None:
        """Read the records of some spaces again."""
        for name in names:
            record = await self._root.read(SPACES, "", name)
            if record is not None:
                self._records[name] = record
            else:
                self._records.pop(name, None)

    async def _forget_deleted(self, requests: Iterable[str], leaders: Iterable[str]) -> None:
        """Delete requests and leaders of spaces that no longer exist; the records were read after both."""
        for name in set(requests) - self._records.keys():
            await self._root.delete(REPORT_REQUESTS, "", name)
        for name in set(leaders) - self._records.keys():
            await self._root.delete(LEADERS, "", name)

    def _answered_up_to(self, space: str) -> int:
        found = self._spaces.get(space)
        return found.answered if found is not None else 0

    def _read_up_to(self, space: str) -> int:
        found = self._spaces.get(space)
        return found.read if found is not None else 0

    async def judge(self, until_s: float) -> None:
        """Judge ready exchanges, space by space, with pauses for the requests of this process, until a time."""
        while ready := [name for name, space in self._spaces.items() if space.ready]:
            for name in ready:
                if self._clock.monotonic_s() >= until_s:
                    return
                space = self._spaces[name] = self._spaces.pop(name)  # to the end: round-robin among the spaces
                spent_s = space.evaluation.judge(space.complete_until_s)
                await self._clock.sleep(spent_s * (1 / self._share - 1))

    async def _heartbeats(self, now_s: float) -> Mapping[str, Heartbeat]:
        rows = {name: beat for _, name, beat in await self._root.all_rows(HEARTBEATS)}
        for name, beat in rows.items():
            if beat.seen < now_s - _HEARTBEAT_RETENTION_S:
                await self._root.delete(HEARTBEATS, "", name)
        return {name: beat for name, beat in rows.items() if beat.seen >= now_s - HEARTBEAT_TIMEOUT_S}

    async def _space(self, name: str, record: SpaceRecord) -> _SpaceEvaluation:
        space = self._spaces.get(name)
        if space is None or space.life != record.life:
            space = _SpaceEvaluation(
                self._store, self._clock, self._factories, self._limit, self._unpacker, name, record.life
            )
            await space.resume()
            self._spaces[name] = space
        return space


class _SpaceEvaluation:
    """Evaluation of one life of a space."""

    def __init__(
        self,
        store: SharedStore,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        limit: int,
        unpacker: Unpacker,
        space: str,
        life: int,
    ) -> None:
        self.life = life
        self.read = 0
        """Id of the last exchange that was read."""
        self.answered = 0
        """Number of the last answered `ReportRequest`."""
        self.complete_until_s = 0.0
        """Arrival up to which the journal is complete."""
        self.evaluation = Evaluation(clock, factories, limit + _MAX_READ_AHEAD, self._on_finding)
        self._unpacked = unpacker
        self._stalls = Stalls(store, None)
        self._tables: SpaceStore = store.space(space, life)
        self._journal = journal_log(store, space, life, limit)
        self._findings = findings_log(store, space, life)
        self._entries_read = 0
        self._to_skip = 0
        self._published = 0
        """Findings in the log."""
        self._to_publish: list[StoredFinding] = []
        self._published_s = clock.monotonic_s()
        self._published_judged = 0

    @property
    def ready(self) -> bool:
        return self.evaluation.ready(self.complete_until_s)

    async def resume(self) -> None:
        """Continue the evaluation of a previous leader, without publishing its findings again."""
        self._to_skip = self._published = await self._findings.total()
        report = await self._tables.read(REPORTS, "")
        self.answered = report.answers if report is not None else 0
        await self.read_new()

    async def read_new(self) -> None:
        """Read new entries of the journal while the queue has room."""
        waiting = self.evaluation
        while (
            waiting.waiting < _MAX_READ_AHEAD
            and waiting.waiting_bytes < _READ_AHEAD_BYTES
            and waiting.stopped is None
        ):
            if await self._journal.dropped() > self._entries_read:
                self.evaluation.stop("the journal dropped exchanges before their evaluation")
                return
            entries = await self._journal.after(self.read, _PAGE)
            for number, entry in entries:
                raw = self._unpacked(number, entry)
                self.evaluation.add(raw.wall, number, raw.exchange, len(entry))
                self.read = number
            self._entries_read += len(entries)
            if len(entries) < _PAGE:
                return

    async def answer(self, request: ReportRequest) -> None:
        """Judge the ready exchanges, within the limit of `Evaluation.catch_up`, and publish a report."""
        await self.evaluation.catch_up(lambda: self.complete_until_s)
        self.answered = request.number
        await self._publish_report()

    async def publish(self, now_s: float) -> None:
        """Publish new findings, and a report if results are new, at most one per `_REPORT_INTERVAL_S`."""
        await self._publish_findings()
        changed = self.evaluation.judged > self._published_judged or self.evaluation.stopped is not None
        if changed and now_s - self._published_s >= _REPORT_INTERVAL_S:
            self._published_s = now_s
            await self._publish_report()

    async def _publish_report(self) -> None:
        await self._publish_findings()
        self._published_judged = self.evaluation.judged
        report = self.evaluation.report((await self._stalls.latest()).stalls)
        stored = StoredReport(
            rules=msgspec.json.encode(report.rules),
            judged=report.judged,
            waiting=report.waiting,
            stopped=report.stopped,
            answers=self.answered,
        )

        def step(before: StoredReport | None) -> tuple[StoredReport, bool]:
            overtaken = before is not None and before.answers > stored.answers
            return (before if before is not None and overtaken else stored), overtaken

        if await self._tables.change(REPORTS, "", "", step):
            raise OvertakenError

    async def _publish_findings(self) -> None:
        # A leader that was suspended may wake after its successor has begun: the total of the log is the fence.
        while self._to_publish:
            if not await self._findings.append(pack(self._to_publish[0]), self._published):
                raise OvertakenError
            self._published += 1
            del self._to_publish[0]

    def _on_finding(self, exchange: int, finding: Finding) -> None:
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._to_publish.append(StoredFinding(exchange, finding))
