"""The judging of one space: its observers are shown the exchanges in the order in which the requests arrived.

So an exchange is held back while a request that came before it is still unanswered.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Sequence

import msgspec

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.live.observer import Finding, Observer, ObserverFactory

log = logging.getLogger("mock_server")

SLICE = 0.002
"""Seconds of observing without a break."""
MOST_HELD = 60.0
"""Seconds that an unanswered request may hold back those that came after it."""
CATCHING_UP = 50
"""Slices of observing that a report waits for at most."""


class LiveReport(msgspec.Struct, frozen=True, kw_only=True):
    """What observers found so far, as ``GET /_mock/findings`` tells it."""

    rules: list[msgspec.Struct] | msgspec.Raw
    judged: int
    """Exchanges that were judged."""
    waiting: int
    """Exchanges still to be judged."""
    stopped: str | None
    """Why no more is judged, if so."""


class Evaluation:
    """Observers, and what waits to be shown to them."""

    def __init__(
        self,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        most_waiting: int,
        found: Callable[[int, Finding], None],
    ) -> None:
        """``found`` is told of each finding, with the id of the exchange that it came of."""
        self._clock = clock
        self._factories = factories
        self._most_waiting = most_waiting
        self._found = found
        self.begin()

    def begin(self) -> None:
        """Begins anew, with nothing found."""
        self._observers: list[Observer] | None = None
        self._waiting: list[tuple[float, int, Callable[[], Exchange]]] = []
        self.judged = 0
        self.stopped: str | None = None
        """Why no more is judged, if so."""

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def add(self, wall: float, id_: int, read: Callable[[], Exchange]) -> None:
        """Takes an exchange that was written to the journal; ``read`` gives it its form."""
        if not self._factories or self.stopped is not None:
            return
        if len(self._waiting) >= self._most_waiting:
            # Rules that miss exchanges see breaches where there are none, so they had better stop.
            self.stop(f"more than {self._most_waiting} exchanges waited to be judged")
        else:
            heapq.heappush(self._waiting, (wall, id_, read))

    def ready(self, oldest: float | None) -> bool:
        """Whether an exchange can be judged now; ``oldest`` is the arrival of the oldest unanswered request."""
        if not self._waiting:
            return False
        arrived = self._waiting[0][0]
        return oldest is None or arrived <= oldest or arrived < self._clock.monotonic_s() - MOST_HELD

    def judge(self, oldest: float | None) -> float:
        """Judges for a slice of time at most; the seconds that it took."""
        began = now_s = self._clock.monotonic_s()
        while self.ready(oldest) and now_s - began < SLICE:
            self._show(heapq.heappop(self._waiting)[2]())
            now_s = self._clock.monotonic_s()
        return now_s - began

    async def catch_up(self, oldest: Callable[[], float | None]) -> None:
        """Judges what can be judged now, unless that is very much."""
        for _ in range(CATCHING_UP):
            if not self.ready(oldest()):
                break
            self.judge(oldest())
            await self._clock.sleep(0)

    def rules(self) -> list[msgspec.Struct]:
        """The rules of all observers, with what they found so far."""
        return [rule for observer in self._made() for rule in observer.rules()]

    def report(self) -> LiveReport:
        return LiveReport(rules=self.rules(), judged=self.judged, waiting=self.waiting, stopped=self.stopped)

    def stop(self, why: str) -> None:
        """Judges no more."""
        self.stopped = f"{why}: what came after is not judged; a reset begins anew"
        self._waiting = []

    def _show(self, exchange: Exchange) -> None:
        self.judged += 1
        for observer in self._made():
            try:
                findings = observer.observe(exchange)
            except Exception:  # somebody else's code: the mock goes on without it
                log.exception("an observer failed at exchange %d", exchange.id)
                self.stop(f"an observer failed at exchange {exchange.id}; the mock's log has the details")
                return
            for finding in findings:
                self._found(exchange.id, finding)

    def _made(self) -> list[Observer]:
        if self._observers is None:
            self._observers = [make() for make in self._factories]
        return self._observers
