"""The monitor of a space: requests in progress, and the findings of its observers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Protocol

from pass_harness.mock_server.journal.journal import Journal
from pass_harness.mock_server.live.evaluation import LiveReport
from pass_harness.mock_server.live.observer import Finding
from pass_harness.mock_server.store.space_record import Head

KEPT_FINDINGS = 1_000
"""Findings kept for listeners that come later; the observers' own tallies go on."""


class Monitor(ABC):
    """What passes through this process in one space, and the findings of the space as a whole."""

    def __init__(self) -> None:
        self._tickets = itertools.count()
        self._under_way: dict[int, float] = {}
        self._listeners: set[asyncio.Event] = set()
        self.closed = False
        """The space is no more, or the mock is ending."""

    @abstractmethod
    async def report(self) -> LiveReport:
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


class Monitoring(Protocol):
    """What follows all spaces of a mock in one process."""

    @property
    def shared(self) -> bool:
        """Whether other processes serve the same spaces."""
        ...

    def follow(self, name: str, head: Head) -> tuple[Journal, Monitor]:
        """The journal of a space and the watch over it."""
        ...

    async def run(self) -> None:
        """Does its part until cancelled."""
        ...

    def close(self) -> None:
        """Sends all listeners away: the mock is ending."""
        ...
