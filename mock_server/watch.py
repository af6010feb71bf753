"""The watch over a space: which requests are under way, who listens to what happens, and what the observers find.

Judging is done off the way of requests and gets a twentieth of the time while there are any: a mock under load
answers first and judges later. `LocalWatch` is that of a mock in one process; shared_watch.py has that of several.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from mock_server.clock import Clock
from mock_server.head import Head
from mock_server.journal import Journal, LocalJournal
from mock_server.judging import Judging, WatchReport
from mock_server.observer import Finding, ObserverFactory
from mock_server.raw_exchange import RawExchange
from mock_server.recorder import Recorder

BUSY_SHARE, QUIET_SHARE = 0.05, 0.5
"""The share of the time that judging may take while requests come, and while none do."""
KEPT_FINDINGS = 1_000
"""Findings kept for listeners that come later; the observers' own tallies go on."""


class Watch(ABC):
    """What passes through this process in one space, and the findings of the space as a whole."""

    def __init__(self) -> None:
        self._tickets = itertools.count()
        self._under_way: dict[int, float] = {}
        self._listeners: set[asyncio.Event] = set()
        self.closed = False
        """The space is no more, or the mock is ending."""

    @abstractmethod
    async def report(self) -> WatchReport:
        """What was found, the exchanges up to this call included unless there are very many."""

    @abstractmethod
    async def findings(self, *, after: int = 0, since: int = 0) -> list[tuple[int, Finding]]:
        """Findings numbered above ``after`` that came of exchanges with ids above ``since``, with their numbers."""

    @abstractmethod
    async def last_finding(self) -> int:
        """The number of the latest finding."""

    def arrived(self, started: float) -> int:
        """A request has arrived at ``started`` (s, monotonic); the ticket to say that it is `answered` with."""
        ticket = next(self._tickets)
        self._under_way[ticket] = started
        return ticket

    def answered(self, ticket: int) -> None:
        del self._under_way[ticket]

    @property
    def oldest(self) -> float | None:
        """When the oldest unanswered request of this process arrived."""
        return next(iter(self._under_way.values()), None)

    def renew(self, life: int) -> None:
        """Begins anew, with nothing found, in another life of the space."""
        self.wake()

    def close(self) -> None:
        """Sends the listeners away."""
        self.closed = True
        self.wake()

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever something has happened."""
        event = asyncio.Event()
        self._listeners.add(event)
        try:
            yield event
        finally:
            self._listeners.discard(event)

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    @property
    def in_use(self) -> bool:
        """Whether a request is unanswered or somebody listens."""
        return bool(self._under_way or self._listeners)

    def wake(self) -> None:
        for event in self._listeners:
            event.set()


class LocalWatch(Watch):
    """Judges in this process, which is the only one."""

    def __init__(
        self,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        most_waiting: int,
        work: Callable[[LocalWatch], None] = lambda _: None,
    ) -> None:
        """``work`` is told when there may be something to judge."""
        super().__init__()
        self._judging = Judging(clock, factories, most_waiting, self._found)
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

    async def report(self) -> WatchReport:
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


class Watching(Protocol):
    """What follows all spaces of a mock in one process."""

    @property
    def shared(self) -> bool:
        """Whether other processes serve the same spaces."""
        ...

    def follow(self, name: str, head: Head) -> tuple[Journal, Watch]:
        """The journal of a space and the watch over it."""
        ...

    async def run(self) -> None:
        """Does its part until cancelled."""
        ...

    def close(self) -> None:
        """Sends all listeners away: the mock is ending."""
        ...


class LocalWatching:
    """For a mock in one process."""

    def __init__(
        self, clock: Clock, factories: Sequence[ObserverFactory], limit: int, recorder: Recorder | None = None
    ) -> None:
        """``limit`` is how many exchanges a journal keeps."""
        self._clock = clock
        self._factories = tuple(factories)
        self._limit = limit
        self._recorder = recorder
        self._busy: dict[LocalWatch, None] = {}
        self._work = asyncio.Event()
        self._all: weakref.WeakSet[LocalWatch] = weakref.WeakSet()

    @property
    def shared(self) -> bool:
        return False

    def follow(self, name: str, head: Head) -> tuple[Journal, Watch]:
        watch = LocalWatch(self._clock, self._factories, self._limit, self._has_work)
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

    def _has_work(self, watch: LocalWatch) -> None:
        self._busy[watch] = None
        self._work.set()
