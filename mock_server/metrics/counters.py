"""What is counted of the mock's requests, for metrics (control/metrics.py renders them).

Counting is on the way of every request, so it adds to plain numbers and does nothing else. How many there are is
bounded by the mock itself: endpoints, statuses and kinds of effects; never paths, spaces or devices.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections.abc import Iterable
from typing import Protocol, TypeVar

import msgspec

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.store import Store, StoreUnavailable, Table

K = TypeVar("K")
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histogram of durations, in seconds; the last bucket has none."""
BETWEEN_HANDINGS = 2.0
"""Seconds from one time that a process hands on what it counted to the next."""


class EndpointCounters(msgspec.Struct):
    """The requests of one endpoint."""

    statuses: dict[int, int] = {}
    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    """How many took so long, by `BOUNDS`; each request is in one bucket."""
    seconds: float = 0.0
    throttled: int = 0


class Counters(msgspec.Struct):
    """Requests, as far as they are counted here."""

    endpoints: dict[str, EndpointCounters] = {}
    effects: dict[str, int] = {}
    """How often behaviours took effect, by the kind of the effect."""

    def count(self, endpoint: str, status: int, seconds: float, effects: Iterable[str], *, throttled: bool) -> None:
        """Counts an answered request; status 0 where the connection was broken before there was one."""
        tally = self.endpoints.get(endpoint)
        if tally is None:
            tally = self.endpoints[endpoint] = EndpointCounters()
        tally.statuses[status] = tally.statuses.get(status, 0) + 1
        tally.buckets[bisect_left(BOUNDS, seconds)] += 1
        tally.seconds += seconds
        tally.throttled += throttled
        for effect in effects:
            self.effects[effect] = self.effects.get(effect, 0) + 1

    def plus(self, other: Counters) -> Counters:
        """Both together."""
        both = Counters()
        for part in (self, other):
            for name, tally in part.endpoints.items():
                known = both.endpoints.setdefault(name, EndpointCounters())
                _add(known.statuses, tally.statuses)
                known.buckets = [mine + its for mine, its in zip(known.buckets, tally.buckets, strict=True)]
                known.seconds += tally.seconds
                known.throttled += tally.throttled
            _add(both.effects, part.effects)
        return both

    def taken(self) -> Counters:
        """What was counted so far; from here on it is counted anew."""
        taken = Counters(self.endpoints, self.effects)
        self.endpoints, self.effects = {}, {}
        return taken

    def put_back(self, taken: Counters) -> None:
        both = self.plus(taken)
        self.endpoints, self.effects = both.endpoints, both.effects


COUNTERS = Table("tallies", Counters)


class Totals(Protocol):
    """The requests of the whole mock."""

    async def total(self) -> Counters: ...


class LocalTotals:
    """Those of the one process that serves."""

    def __init__(self, counters: Counters) -> None:
        self._tallies = counters

    async def total(self) -> Counters:
        return self._tallies


class SharedTotals:
    """Those of all processes at one store: each adds what it counted to one record there."""

    def __init__(self, counters: Counters, store: Store, clock: Clock) -> None:
        self._tallies = counters
        self._root = store.root()
        self._clock = clock

    async def run(self) -> None:
        """Hands on what was counted, until cancelled; once more then."""
        try:
            while True:
                await self._clock.sleep(BETWEEN_HANDINGS)
                with contextlib.suppress(StoreUnavailable):
                    await self._hand_on()
        finally:
            with contextlib.suppress(StoreUnavailable):
                await self._hand_on()

    async def total(self) -> Counters:
        await self._hand_on()
        return await self._root.read(COUNTERS, "", "") or Counters()

    async def _hand_on(self) -> None:
        if not self._tallies.endpoints:
            return
        taken = self._tallies.taken()

        def step(record: Counters | None) -> tuple[Counters | None, None]:
            return taken.plus(record or Counters()), None

        try:
            await self._root.change(COUNTERS, "", "", step)
        except StoreUnavailable:
            self._tallies.put_back(taken)
            raise


def _add(to: dict[K, int], numbers: dict[K, int]) -> None:
    for key, number in numbers.items():
        to[key] = to.get(key, 0) + number
