"""GET /_mock/metrics: what Prometheus scrapes (docs/reference/metrics.md)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

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
from pass_harness.mock_server.metrics.counters import BUCKET_BOUNDS_S, Counters, Totals
from pass_harness.mock_server.metrics.event_loop_lag import EventLoopLag
from pass_harness.mock_server.spaces.spaces import Spaces

LAG_WINDOW = 15.0
"""Seconds that the event loop's lag is told of: as long as from one scrape to the next, by Prometheus's habit."""


@dataclass(frozen=True)
class _State:
    """What there is at the moment of a scrape."""

    spaces: int = 0
    listeners: int = 0
    dropped: int = 0
    lag_ms: float = 0.0


class Metrics(Collector):
    """The metrics of one mock, in a registry of their own."""

    def __init__(self, totals: Totals, spaces: Spaces, lag: EventLoopLag, clock: Clock) -> None:
        self._totals = totals
        self._tallies = Counters()
        self._spaces = spaces
        self._lag = lag
        self._clock = clock
        self._state = _State()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    async def render(self, accept: str) -> tuple[bytes, str]:
        """The exposition in the format that the Accept header asks for, and its content type."""
        at_hand = self._spaces.loaded()
        counters = await self._totals.total()
        self._state = _State(
            spaces=len(await self._spaces.names()),
            listeners=sum(space.monitor.listeners for space in at_hand),
            dropped=sum([await space.journal.dropped() for space in at_hand]),
            lag_ms=self._lag.since(self._clock.monotonic_s() - LAG_WINDOW),
        )
        self._tallies = counters
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily("pass_mock", "The mock.", {"version": version("pass-harness")})
        yield from self._requests()
        yield self._effects()
        state = self._state
        yield _gauge("pass_mock_spaces", "Spaces that there are.", state.spaces)
        yield _gauge("pass_mock_event_listeners", "Listeners to events, of all spaces.", state.listeners)
        dropped = "Exchanges that made room for newer ones since the journals were last cleared."
        yield _gauge("pass_mock_journal_dropped_exchanges", dropped, state.dropped)
        lag = f"The worst delay of the event loop within the last {LAG_WINDOW:g} seconds."
        yield _gauge("pass_mock_event_loop_lag_seconds", lag, state.lag_ms / 1000)

    def _requests(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("pass_mock_requests", "Requests.", labels=("endpoint", "status"))
        durations = HistogramMetricFamily(
            "pass_mock_request_duration_seconds", "From request to answer.", labels=("endpoint",)
        )
        throttled = CounterMetricFamily(
            "pass_mock_throttled_requests", "Requests that throttling refused.", labels=("endpoint",)
        )
        bounds = [*map(str, BUCKET_BOUNDS_S), "+Inf"]
        for endpoint, tally in sorted(self._tallies.endpoints.items()):
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
            hits.add_metric((effect,), self._tallies.effects.get(effect, 0))
        return hits


async def metrics(request: Request) -> Response:
    kept: Metrics = request.app.state.metrics
    content, content_type = await kept.render(request.headers.get("accept", ""))
    return Response(content, headers={"content-type": content_type})


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)
