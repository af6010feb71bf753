"""The watch over a space: shows its observers the exchanges, off the way of requests, and keeps what they find.

Observers see exchanges in the order in which the requests arrived, so one is held back while a request that came
before it is still unanswered. They get a tenth of the time at most: a mock under load answers first and judges later.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import msgspec

from mock_server.clock import Clock
from mock_server.exchange import Exchange
from mock_server.observer import Finding, Observer, ObserverFactory
from mock_server.raw_exchange import RawExchange

log = logging.getLogger("mock_server")

KEPT_FINDINGS = 1_000
"""Findings kept for listeners that come later; the observers' own tallies go on."""
SLICE = 0.002
"""Seconds of observing without a break."""
SHARE = 0.1
"""The share of the time that observing may take."""
_CATCHING_UP = 50
"""Slices of observing that a report waits for at most."""
MOST_HELD = 60.0
"""Seconds that an unanswered request may hold back those that came after it."""


class WatchReport(msgspec.Struct, frozen=True, kw_only=True):
    """What observers found so far, as ``GET /_mock/findings`` tells it."""

    rules: list[msgspec.Struct]
    judged: int
    """Exchanges that were judged."""
    waiting: int
    """Exchanges still to be judged."""
    stopped: str | None
    """Why no more is judged, if so."""


class Watch:
    """The observers of one space with what waits for them and what they found."""

    def __init__(
        self,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        most_waiting: int,
        work: Callable[[Watch], None] = lambda _: None,
    ) -> None:
        """``work`` is told when there may be something to judge."""
        self._clock = clock
        self._factories = factories
        self._most_waiting = most_waiting
        self._work = work
        self._tickets = itertools.count()
        self._under_way: dict[int, float] = {}
        self._listeners: set[asyncio.Event] = set()
        self._found = 0
        self.closed = False
        """The space is no more, or the mock is ending."""
        self._begin()

    def _begin(self) -> None:
        self._observers: list[Observer] | None = None
        self._waiting: list[tuple[float, int, RawExchange]] = []
        self._findings: deque[tuple[int, int, Finding]] = deque(maxlen=KEPT_FINDINGS)
        self.judged = 0
        self.stopped: str | None = None
        """Why no more is judged, if so."""

    def reset(self) -> None:
        """Begins anew, with nothing found."""
        self._begin()
        self.wake()

    def close(self) -> None:
        """Sends the listeners away."""
        self.closed = True
        self.wake()

    def arrived(self, started: float) -> int:
        """A request has arrived at ``started`` (s, monotonic); the ticket to say that it is `answered` with."""
        ticket = next(self._tickets)
        self._under_way[ticket] = started
        return ticket

    def answered(self, ticket: int) -> None:
        del self._under_way[ticket]
        if self._waiting:
            self._work(self)

    def add(self, raw: RawExchange) -> None:
        """Takes an exchange that was just written to the journal."""
        if self._factories and self.stopped is None:
            if len(self._waiting) >= self._most_waiting:
                # Rules that miss exchanges see breaches where there are none, so they had better stop.
                self._stop(f"more than {self._most_waiting} exchanges waited to be judged")
            else:
                heapq.heappush(self._waiting, (raw.wall, raw.id, raw))
        self.wake()

    @property
    def ready(self) -> bool:
        """Whether an exchange can be judged now."""
        if not self._waiting:
            return False
        arrived = self._waiting[0][0]
        oldest = next(iter(self._under_way.values()), None)
        return oldest is None or arrived <= oldest or arrived < self._clock.monotonic() - MOST_HELD

    def judge(self) -> float:
        """Judges for a slice of time at most; the seconds that it took."""
        began = now = self._clock.monotonic()
        while self.ready and now - began < SLICE:
            self._show(heapq.heappop(self._waiting)[2].exchange())
            now = self._clock.monotonic()
        return now - began

    async def report(self) -> WatchReport:
        """What was found, the exchanges up to this call included unless there are very many."""
        for _ in range(_CATCHING_UP):
            if not self.ready:
                break
            self.judge()
            await self._clock.sleep(0)
        rules = [rule for observer in self._made() for rule in observer.rules()]
        return WatchReport(rules=rules, judged=self.judged, waiting=len(self._waiting), stopped=self.stopped)

    async def findings(self, *, after: int = 0, since: int = 0) -> list[tuple[int, Finding]]:
        """Findings numbered above ``after`` that came of exchanges with ids above ``since``, with their numbers."""
        return [(number, finding) for number, id_, finding in self._findings if number > after and id_ > since]

    async def last_finding(self) -> int:
        """The number of the latest finding."""
        return self._found

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

    def _show(self, exchange: Exchange) -> None:
        self.judged += 1
        for observer in self._made():
            try:
                findings = observer.observe(exchange)
            except Exception:  # somebody else's code: the mock goes on without it
                log.exception("an observer failed at exchange %d", exchange.id)
                self._stop(f"an observer failed at exchange {exchange.id}; the mock's log has the details")
                return
            for finding in findings:
                self._found += 1
                self._findings.append((self._found, exchange.id, finding))
            if findings:
                self.wake()

    def _stop(self, why: str) -> None:
        self.stopped = f"{why}: what came after is not judged; a reset begins anew"
        self._waiting = []

    def _made(self) -> list[Observer]:
        if self._observers is None:
            self._observers = [make() for make in self._factories]
        return self._observers


class Watching:
    """Makes the watches of all spaces, and gives them their time."""

    def __init__(self, clock: Clock, factories: Sequence[ObserverFactory], most_waiting: int) -> None:
        self._clock = clock
        self._factories = tuple(factories)
        self._most_waiting = most_waiting
        self._busy: dict[Watch, None] = {}
        self._work = asyncio.Event()
        self._all: weakref.WeakSet[Watch] = weakref.WeakSet()

    def watch(self) -> Watch:
        """A watch for a new space."""
        watch = Watch(self._clock, self._factories, self._most_waiting, self._has_work)
        self._all.add(watch)
        return watch

    async def run(self) -> None:
        """Judges what there is to judge until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            while busy := [watch for watch in self._busy if watch.ready]:
                for watch in busy:
                    await self._clock.sleep(watch.judge() * (1 / SHARE - 1))
            self._busy.clear()

    def close(self) -> None:
        """Sends all listeners away: the mock is ending."""
        for watch in self._all:
            watch.close()

    def _has_work(self, watch: Watch) -> None:
        self._busy[watch] = None
        self._work.set()
