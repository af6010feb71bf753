"""GET /_mock/metrics: metrics for Prometheus (docs/reference/metrics.md)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.journal.stalls import Stalls
from pass_harness.mock_server.metrics.counters import BUCKET_BOUNDS_S, Counters, Totals
from pass_harness.mock_server.metrics.event_loop_lag import STALL_MS, EventLoopLag
from pass_harness.mock_server.spaces.spaces import Spaces

LAG_WINDOW_S = 15.0
"""Seconds over which the metric of the event loop lag is a maximum: a common scrape interval of Prometheus."""


class Budget(Protocol):
    """A limit of memory in bytes, and the bytes in use."""

    @property
    def used(self) -> int: ...
    @property
    def limit(self) -> int: ...


@dataclass(frozen=True)
class _State:
    """The values of the gauges at a scrape."""

    spaces: int = 0
    listeners: int = 0
    dropped: int = 0
    lag_ms: float = 0.0
    stalls: int = 0
    memory: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Bytes in use and their maximum, by part."""


class Metrics(Collector):
    """The metrics of one mock, in their own registry."""

    def __init__(
        self,
        totals: Totals,
        spaces: Spaces,
        lag: EventLoopLag,
        stalls: Stalls,
        clock: Clock,
        budgets: Mapping[str, Budget],
    ) -> None:
        """``budgets`` are the limits of memory in bytes, by part."""
        self._totals = totals
        self._counters = Counters()
        self._spaces = spaces
        self._lag = lag
        self._stalls = stalls
        self._clock = clock
        self._budgets = budgets
        self._state = _State()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    async def render(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics in a format that the Accept header allows, and their content type."""
        at_hand = self._spaces.loaded()
        counters = await self._totals.total()
        self._state = _State(
            spaces=len(await self._spaces.names()),
            listeners=sum(space.monitor.listeners for space in at_hand),
            dropped=sum([await space.journal.dropped() for space in at_hand]),
            lag_ms=self._lag.since(self._clock.monotonic_s() - LAG_WINDOW_S),
            stalls=(await self._stalls.latest()).total,
            memory={part: (budget.used, budget.limit) for part, budget in self._budgets.items()},
        )
        self._counters = counters
        try:
            encode, content_type = choose_encoder(accept)
            return encode(self._registry), content_type
        except (TypeError, ValueError):  # from an Accept header with an invalid version or escaping
            encode, content_type = choose_encoder("")
            return encode(self._registry), content_type

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily("pass_mock", "Version of the mock.", {"version": version("pass-harness")})
        yield from self._requests()
        yield self._effects()
        state = self._state
        yield _gauge("pass_mock_spaces", "Existing spaces.", state.spaces)
        yield _gauge("pass_mock_event_listeners", "Listeners to events, in all spaces.", state.listeners)
        dropped = "Exchanges removed from full journals since the journals were last cleared."
        yield _gauge("pass_mock_journal_dropped_exchanges", dropped, state.dropped)
        lag = f"Maximum delay of the event loop in the last {LAG_WINDOW_S:g} seconds."
        yield _gauge("pass_mock_event_loop_lag_seconds", lag, state.lag_ms / 1000)
        stalls = f"Delays of the event loop above {STALL_MS:g} ms."
        yield CounterMetricFamily("pass_mock_event_loop_stalls", stalls, value=state.stalls)
        yield from self._memory()

    def _memory(self) -> Iterator[Metric]:
        used = GaugeMetricFamily("pass_mock_memory_bytes", "Memory in use, estimated, by part.", labels=("part",))
        most = GaugeMetricFamily("pass_mock_memory_limit_bytes", "Maximum of that memory, by part.", labels=("part",))
        for part, (used_bytes, limit) in self._state.memory.items():
            used.add_metric((part,), used_bytes)
            most.add_metric((part,), limit)
        yield from (used, most)

    def _requests(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("pass_mock_requests", "Requests.", labels=("endpoint", "status"))
        durations = HistogramMetricFamily(
            "pass_mock_request_duration_seconds", "Time from request to answer.", labels=("endpoint",)
        )
        throttled = CounterMetricFamily(
            "pass_mock_throttled_requests", "Requests refused by the rate limit (429).", labels=("endpoint",)
        )
        bounds = [*map(str, BUCKET_BOUNDS_S), "+Inf"]
        for endpoint, tally in sorted(self._counters.endpoints.items()):
            name = endpoint or "unknown"
            for status, number in sorted(tally.statuses.items()):
                requests.add_metric((name, str(status)), number)
            cumulated = zip(bounds, itertools.accumulate(tally.buckets), strict=True)
            durations.add_metric((name,), list(cumulated), tally.seconds)
            throttled.add_metric((name,), tally.throttled)
        yield from (requests, durations, throttled)

    def _effects(self) -> Metric:
        about = "Times that behaviours took effect on requests."
        hits = CounterMetricFamily("pass_mock_behaviour_hits", about, labels=("effect",))
        for effect in Effect.__struct_fields__:
            hits.add_metric((effect,), self._counters.effects.get(effect, 0))
        return hits


async def metrics(request: Request) -> Response:
    kept: Metrics = request.app.state.metrics
    content, content_type = await kept.render(request.headers.get("accept", ""))
    return Response(content, headers={"content-type": content_type})


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)
