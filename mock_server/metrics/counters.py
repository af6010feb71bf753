"""Counters of the mock's requests; control/metrics.py renders them for Prometheus.

Every request updates the counters, so an update only adds numbers. The labels have a bounded number of values:
endpoints, statuses and kinds of effects, not paths, spaces or devices.
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
BUCKET_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the duration histogram; the last bucket has none."""
FLUSH_INTERVAL_S = 2.0
"""Interval at which a process adds its counters to those in the store."""


class EndpointCounters(msgspec.Struct):
    """Counters of one endpoint."""

    statuses: dict[int, int] = {}
    """Number of requests by HTTP status."""
    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BUCKET_BOUNDS_S) + 1))
    """Number of requests by duration, for `BUCKET_BOUNDS_S`; not cumulative."""
    seconds: float = 0.0
    """Sum of the durations."""
    throttled: int = 0
    """Number of requests that the rate limit rejected."""


class Counters(msgspec.Struct):
    """Counters of requests and effects."""

    endpoints: dict[str, EndpointCounters] = {}
    effects: dict[str, int] = {}
    """Number of hits of behaviours, by kind of effect."""

    def count(self, endpoint: str, status: int, seconds: float, effects: Iterable[str], *, throttled: bool) -> None:
        """Count a request; the status is 0 if the connection broke before the response had one."""
        counters = self.endpoints.get(endpoint)
        if counters is None:
            counters = self.endpoints[endpoint] = EndpointCounters()
        counters.statuses[status] = counters.statuses.get(status, 0) + 1
        counters.buckets[bisect_left(BUCKET_BOUNDS_S, seconds)] += 1
        counters.seconds += seconds
        counters.throttled += throttled
        for effect in effects:
            self.effects[effect] = self.effects.get(effect, 0) + 1

    def plus(self, other: Counters) -> Counters:
        """Return the sum of both."""
        total = Counters()
        for part in (self, other):
            for name, counters in part.endpoints.items():
                sums = total.endpoints.setdefault(name, EndpointCounters())
                _add(sums.statuses, counters.statuses)
                sums.buckets = [a + b for a, b in zip(sums.buckets, counters.buckets, strict=True)]
                sums.seconds += counters.seconds
                sums.throttled += counters.throttled
            _add(total.effects, part.effects)
        return total

    def drain(self) -> Counters:
        """Return the counters so far and reset them to zero."""
        drained = Counters(self.endpoints, self.effects)
        self.endpoints, self.effects = {}, {}
        return drained

    def restore(self, drained: Counters) -> None:
        """Add drained counters again, after a failed flush."""
        total = self.plus(drained)
        self.endpoints, self.effects = total.endpoints, total.effects


COUNTERS = Table("counters", Counters)


class Totals(Protocol):
    """Counters of the whole mock."""

    async def total(self) -> Counters: ...


class LocalTotals:
    """Totals of a mock in one process."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    async def total(self) -> Counters:
        return self._counters


class SharedTotals:
    """Totals of a mock in several processes: each adds its counters to one record in the store."""

    def __init__(self, counters: Counters, store: Store, clock: Clock) -> None:
        self._counters = counters
        self._root = store.root()
        self._clock = clock

    async def run(self) -> None:
        """Flush the counters to the store until cancelled, and once more at the end."""
        try:
            while True:
                await self._clock.sleep(FLUSH_INTERVAL_S)
                with contextlib.suppress(StoreUnavailable):
                    await self._flush()
        finally:
            with contextlib.suppress(StoreUnavailable):
                await self._flush()

    async def total(self) -> Counters:
        # A store that is full can still be read: what it cannot take is added here.
        with contextlib.suppress(StoreUnavailable):
            await self._flush()
        return self._counters.plus(await self._root.read(COUNTERS, "", "") or Counters())

    async def _flush(self) -> None:
        if not self._counters.endpoints:
            return
        drained = self._counters.drain()

        def step(record: Counters | None) -> tuple[Counters | None, None]:
            return drained.plus(record or Counters()), None

        try:
            await self._root.change(COUNTERS, "", "", step)
        except StoreUnavailable:
            self._counters.restore(drained)
            raise


def _add(to: dict[K, int], numbers: dict[K, int]) -> None:
    for key, number in numbers.items():
        to[key] = to.get(key, 0) + number
