"""Statistics of a run in bounded memory: latencies by verb, and calls to Adobe Pass."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from pass_harness.load.ipc_messages import AdobeCall, Arrival, TimedVerb
from pass_harness.mock_server.exchange import Exchange

BROWSER = ("authenticate", "browser.")
"""Prefixes of the endpoints that the viewer's browser calls, not the service."""
THROTTLED = 429


class Latencies:
    """Latencies in ms with three significant digits: memory is bounded, and percentiles are accurate to 0.5 %."""

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()
        self.largest = 0.0

    def add(self, milliseconds: float) -> None:
        self._counts[_rounded(milliseconds)] += 1
        self.largest = max(self.largest, milliseconds)

    @property
    def total(self) -> int:
        """Number of values."""
        return self._counts.total()

    def counts(self) -> list[tuple[float, int]]:
        """Return the values in ms, each with its number, in no order."""
        return list(self._counts.items())

    def percentile(self, percent: float) -> float:
        """Return the percentile in ms by the nearest-rank method; 0 without values."""
        rank = math.ceil(self._counts.total() * percent / 100)
        seen = 0
        for value in sorted(self._counts):
            seen += self._counts[value]
            if seen >= rank:
                return value
        return 0.0


def _rounded(milliseconds: float) -> float:
    if milliseconds <= 0.01:
        return 0.0
    return round(milliseconds, 2 - math.floor(math.log10(milliseconds)))


@dataclass
class VerbFigures:
    """Statistics of one verb over all viewers."""

    calls: int = 0
    errors: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    """Latency from the intended start to the end of the response, failed verbs included."""
    answered: Latencies = field(default_factory=Latencies)
    """The same latency without the delay by the load generator."""


@dataclass
class Demand:
    """Verbs that viewers sent to the service."""

    verbs: dict[str, VerbFigures] = field(default_factory=dict)
    latencies: Latencies = field(default_factory=Latencies)
    """Latency of all verbs together."""
    answered: Latencies = field(default_factory=Latencies)
    """The same latency without the delay by the load generator."""
    lateness: Latencies = field(default_factory=Latencies)
    """Delay of verbs after their intended start, caused by the load generator."""
    arrivals: Latencies = field(default_factory=Latencies)
    """Delay of viewers after their planned arrival, caused by the load generator."""

    def add(self, verb: TimedVerb) -> None:
        call = verb.call
        latency_ms = (call.ended - verb.intended) * 1000
        answered_ms = (call.ended - call.started) * 1000
        figures = self.verbs.setdefault(call.verb, VerbFigures())
        figures.calls += 1
        figures.errors += call.failure is not None
        figures.latencies.add(latency_ms)
        figures.answered.add(answered_ms)
        self.latencies.add(latency_ms)
        self.answered.add(answered_ms)
        self.lateness.add((call.started - verb.intended) * 1000)

    def add_arrival(self, arrival: Arrival) -> None:
        self.arrivals.add(arrival.late * 1000)

    @property
    def actions(self) -> int:
        return sum(verb.calls for verb in self.verbs.values())

    @property
    def errors(self) -> int:
        return sum(verb.errors for verb in self.verbs.values())


@dataclass
class Traffic:
    """Calls to Adobe Pass, from the mock's journal, or from the callers if there is no mock."""

    calls: Counter[str] = field(default_factory=Counter)
    """Number of calls by endpoint, without those of browsers."""
    throttled: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    """Number of responses with status 400 and above other than 429, and of calls without a response, by endpoint."""
    durations: Latencies = field(default_factory=Latencies)
    """Response times."""
    lags: Latencies = field(default_factory=Latencies)
    """Event loop lags of the mock."""

    def add(self, exchange: Exchange) -> None:
        self.lags.add(exchange.lag_ms)
        if is_of_service(exchange):
            self._count(exchange.endpoint, exchange.status, exchange.duration_ms)

    def add_call(self, call: AdobeCall) -> None:
        self._count(call.endpoint, call.status, call.took * 1000)

    def _count(self, endpoint: str, status: int, milliseconds: float) -> None:
        endpoint = endpoint or "(unknown path)"
        self.calls[endpoint] += 1
        self.durations.add(milliseconds)
        if status == THROTTLED:
            self.throttled[endpoint] += 1
        elif not 100 <= status < 400:
            self.failed[endpoint] += 1


def is_of_service(exchange: Exchange) -> bool:
    """Return whether the service made the call, not the viewer's browser."""
    return not exchange.endpoint.startswith(BROWSER)
