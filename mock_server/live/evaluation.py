"""Live evaluation of one space: its observers receive the exchanges in the order of arrival.

An exchange therefore waits while an earlier request is in progress.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Sequence

import msgspec

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.exchange import Exchange, Stall
from pass_harness.mock_server.live.observer import Finding, Observer, ObserverFactory

log = logging.getLogger("mock_server")

SLICE_S = 0.002
"""Maximum time of evaluation without a break."""
MAX_HELD_S = 60.0
"""Maximum time that a request in progress delays the evaluation of later ones."""
MAX_CATCH_UP_SLICES = 50
"""Maximum number of slices that a report waits for."""


class LiveReport(msgspec.Struct, frozen=True, kw_only=True):
    """Results of the observers so far; the body of ``GET /_mock/findings``."""

    rules: list[msgspec.Struct] | msgspec.Raw
    judged: int
    """Number of judged exchanges."""
    waiting: int
    """Number of exchanges that wait for evaluation."""
    stopped: str | None
    """Reason why the evaluation stopped; None while it runs."""


class Evaluation:
    """The observers of a space, and the exchanges that wait for them."""

    def __init__(
        self,
        clock: Clock,
        factories: Sequence[ObserverFactory],
        max_waiting: int,
        on_finding: Callable[[int, Finding], None],
    ) -> None:
        """``on_finding`` receives each finding, with the id of the exchange that led to it."""
        self._clock = clock
        self._factories = factories
        self._max_waiting = max_waiting
        self._on_finding = on_finding
        self.reset()

    def reset(self) -> None:
        """Restart with new observers and no findings."""
        self._observers: list[Observer] | None = None
        self._waiting: list[tuple[float, int, Callable[[], Exchange], int]] = []
        self.waiting_bytes = 0
        self._waiting_ids: set[int] = set()
        self.judged = 0
        self.stopped: str | None = None
        """Reason why the evaluation stopped; None while it runs."""

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def add(self, wall: float, id_: int, read: Callable[[], Exchange], size: int = 0) -> None:
        """Queue an exchange that arrived at ``wall``; ``read`` returns it. ``size`` counts in `waiting_bytes`."""
        if not self._factories or self.stopped is not None:
            return
        if len(self._waiting) >= self._max_waiting:
            # Without some exchanges, rules would report false findings.
            self.stop(f"more than {self._max_waiting} exchanges waited for evaluation")
        else:
            heapq.heappush(self._waiting, (wall, id_, read, size))
            self.waiting_bytes += size
            self._waiting_ids.add(id_)

    def dropped(self, id_: int) -> None:
        """Stop if an exchange that the journal has just dropped still waits: the queue has no memory of its own."""
        if id_ in self._waiting_ids:
            self.stop("the journal dropped exchanges before their evaluation")

    def ready(self, oldest_s: float | None) -> bool:
        """Return whether an exchange can be judged; ``oldest_s`` is the arrival of the oldest request in progress."""
        if not self._waiting:
            return False
        arrived_s = self._waiting[0][0]
        return oldest_s is None or arrived_s <= oldest_s or arrived_s < self._clock.monotonic_s() - MAX_HELD_S

    def judge(self, oldest_s: float | None) -> float:
        """Judge ready exchanges for at most `SLICE_S`; return the seconds spent."""
        started_s = now_s = self._clock.monotonic_s()
        while self.ready(oldest_s) and now_s - started_s < SLICE_S:
            _, id_, read, size = heapq.heappop(self._waiting)
            self.waiting_bytes -= size
            self._waiting_ids.discard(id_)
            self._observe(read())
            now_s = self._clock.monotonic_s()
        return now_s - started_s

    async def catch_up(self, oldest_s: Callable[[], float | None]) -> None:
        """Judge the ready exchanges, for at most `MAX_CATCH_UP_SLICES` slices."""
        for _ in range(MAX_CATCH_UP_SLICES):
            if not self.ready(oldest_s()):
                break
            self.judge(oldest_s())
            await self._clock.sleep(0)

    def report(self, stalls: Sequence[Stall]) -> LiveReport:
        """Return the results of all observers so far; ``stalls`` are those of the mock."""
        rules = [rule for observer in self._created_observers() for rule in observer.rules(stalls)]
        return LiveReport(rules=rules, judged=self.judged, waiting=self.waiting, stopped=self.stopped)

    def stop(self, reason: str) -> None:
        """Stop the evaluation until `reset`."""
        self.stopped = f"{reason}: later exchanges are not judged; reset the space to judge again"
        self._waiting = []
        self._waiting_ids = set()
        self.waiting_bytes = 0

    def _observe(self, exchange: Exchange) -> None:
        self.judged += 1
        for observer in self._created_observers():
            try:
                findings = observer.observe(exchange)
            except Exception:  # third-party code: its failure must not stop the mock
                log.exception("an observer failed at exchange %d", exchange.id)
                self.stop(f"an observer failed at exchange {exchange.id}; the mock's log has the details")
                return
            for finding in findings:
                self._on_finding(exchange.id, finding)

    def _created_observers(self) -> list[Observer]:
        if self._observers is None:
            self._observers = [make() for make in self._factories]
        return self._observers
