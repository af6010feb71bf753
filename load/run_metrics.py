"""Prometheus metrics of a run while it lasts: `pass-load run --metrics-port PORT`.

docs/reference/metrics.md lists them. A scrape reads the statistics that the report is made from, and changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from pass_harness.conformance.errors import ConfigError
from pass_harness.load.live_evaluation import LiveJudge
from pass_harness.load.run_statistics import Latencies

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets of histograms, in seconds; a last bucket has none."""


class RunMetrics(Collector):
    """The statistics of a run as metrics."""

    def __init__(self, judge: LiveJudge, event: str) -> None:
        self._judge, self._event = judge, event

    def collect(self) -> Iterator[Metric]:
        # Another thread changes the statistics meanwhile, so each dictionary is copied before a loop over it.
        demand, traffic = self._judge.demand, self._judge.traffic
        info = GaugeMetricFamily("pass_load_event_info", "The event of the run.", labels=["event"])
        info.add_metric([self._event], 1)
        yield info
        yield GaugeMetricFamily(
            "pass_load_mock_lag_seconds", "Maximum event-loop lag of the mock.", traffic.lags.largest / 1000
        )
        yield CounterMetricFamily("pass_load_viewers", "Viewers who arrived.", demand.arrivals.total)
        yield _histogram("pass_load_arrival_lateness_seconds", "Delay of arrivals by the generator.", demand.arrivals)
        yield _histogram("pass_load_verb_lateness_seconds", "Delay of verbs by the generator.", demand.lateness)
        verbs = CounterMetricFamily("pass_load_verbs", "Verbs of viewers.", labels=["verb", "result"])
        durations = HistogramMetricFamily(
            "pass_load_verb_duration_seconds", "From the intended start.", labels=["verb"]
        )
        for verb, figures in list(demand.verbs.items()):
            verbs.add_metric([verb, "failed"], figures.errors)
            verbs.add_metric([verb, "succeeded"], figures.calls - figures.errors)
            durations.add_metric([verb], *_buckets(figures.latencies))
        yield from (verbs, durations)
        calls = CounterMetricFamily("pass_load_adobe_calls", "Calls to Adobe Pass.", labels=["endpoint", "result"])
        for endpoint, number in list(traffic.calls.items()):
            throttled, failed = traffic.throttled[endpoint], traffic.failed[endpoint]
            calls.add_metric([endpoint, "throttled"], throttled)
            calls.add_metric([endpoint, "failed"], failed)
            calls.add_metric([endpoint, "succeeded"], number - throttled - failed)
        yield calls
        yield _histogram("pass_load_adobe_call_duration_seconds", "Response times of Adobe Pass.", traffic.durations)
        findings = CounterMetricFamily("pass_load_findings", "Findings of the rules.", labels=["rule"])
        for rule, number in list(self._judge.findings.items()):
            findings.add_metric([rule], number)
        yield findings
        yield CounterMetricFamily("pass_load_judged_exchanges", "Judged exchanges.", self._judge.exchanges)


@contextmanager
def served_metrics(judge: LiveJudge, event: str, port: int | None) -> Iterator[None]:
    """Serve the metrics at http://127.0.0.1:``port``/metrics until the end of the context; nowhere without a port.

    Raises `ConfigError` if the port is in use.
    """
    if port is None:
        yield
        return
    registry = CollectorRegistry()
    registry.register(RunMetrics(judge, event))
    try:
        server, thread = start_http_server(port, "127.0.0.1", registry)
    except OSError as error:
        raise ConfigError(f"--metrics-port {port}: {error.strerror}; choose another port") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _histogram(name: str, about: str, latencies: Latencies) -> HistogramMetricFamily:
    buckets, total_s = _buckets(latencies)
    return HistogramMetricFamily(name, about, buckets=buckets, sum_value=total_s)


def _buckets(latencies: Latencies) -> tuple[list[tuple[str, float]], float]:
    """Return the cumulative buckets and the sum in seconds."""
    counts, total_s = [0] * (len(BOUNDS_S) + 1), 0.0
    for milliseconds, number in latencies.counts():
        counts[bisect_left(BOUNDS_S, milliseconds / 1000)] += number
        total_s += number * milliseconds / 1000
    names = [*map(str, BOUNDS_S), "+Inf"]
    return [(name, float(upto)) for name, upto in zip(names, accumulate(counts), strict=True)], total_s
