"""The monitor of a space: requests in progress, event listeners, and the findings of its observers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Protocol

from pass_harness.mock_server.journal.journal import Journal
from pass_harness.mock_server.live.evaluation import LiveReport
from pass_harness.mock_server.live.observer import Finding
from pass_harness.mock_server.ring_buffer import ByteBudget
from pass_harness.mock_server.store.space_record import SpaceRecordHandle

KEPT_FINDINGS = 1_000
"""Number of findings kept for later listeners; the totals of the observers are unlimited."""


class Monitor(ABC):
    """Requests in progress and event listeners of this process in one space, and the findings of the space."""

    def __init__(self) -> None:
        self._tickets = itertools.count()
        self._in_progress: dict[int, float] = {}
        self._listeners: set[asyncio.Event] = set()
        self.closed = False
        """Whether the space was deleted or the mock is shutting down."""

    @abstractmethod
    async def report(self) -> LiveReport:
        """Return the results of the observers, including the exchanges before this call unless too many wait."""

    @abstractmethod
    async def findings(self, *, after: int = 0, since: int = 0) -> list[tuple[int, Finding]]:
        """Return findings numbered above ``after``, from exchanges with ids above ``since``, with their numbers."""

    @abstractmethod
    async def last_finding(self) -> int:
        """Return the number of the latest finding."""

    def arrived(self, started_s: float) -> int:
        """Register a request that arrived at ``started_s`` (monotonic); return the ticket for `answered`."""
        ticket = next(self._tickets)
        self._in_progress[ticket] = started_s
        return ticket

    def answered(self, ticket: int) -> None:
        """Unregister a request."""
        del self._in_progress[ticket]

    @property
    def oldest_s(self) -> float | None:
        """Arrival of the oldest request in progress in this process; None without one."""
        return next(iter(self._in_progress.values()), None)

    def renew(self, life: int) -> None:
        """Restart without findings for a new life of the space."""
        self.wake()

    def close(self) -> None:
        """Disconnect the listeners."""
        self.closed = True
        self.wake()

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """Yield an event that each new exchange and finding sets."""
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
        """Whether requests are in progress or listeners connected."""
        return bool(self._in_progress or self._listeners)

    def wake(self) -> None:
        """Set the events of all listeners."""
        for event in self._listeners:
            event.set()


class Monitoring(Protocol):
    """Journals, monitors and evaluation of all spaces, in one process."""

    @property
    def shared(self) -> bool:
        """Whether other processes serve the same spaces."""
        ...

    @property
    def budgets(self) -> Mapping[str, ByteBudget]:
        """Limits of the memory of this process, by part."""
        ...

    def open(self, name: str, record_handle: SpaceRecordHandle) -> tuple[Journal, Monitor]:
        """Return the journal and the monitor of a space."""
        ...

    async def run(self) -> None:
        """Evaluate exchanges until cancelled."""
        ...

    def close(self) -> None:
        """Disconnect all listeners, for the shutdown of the mock."""
        ...
