"""Figures of a run, kept in bounded memory however long it takes: latencies by verb, and calls to Adobe Pass."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from pass_harness.load.ipc_messages import Asked, Called, Came
from pass_harness.mock_server.exchange import Exchange

BROWSER = ("authenticate", "browser.")
"""Endpoints that the viewer's browser calls, not the service."""
THROTTLED = 429


class Latencies:
    """Milliseconds, kept with three significant digits, so that memory is bounded and a percentile off by 0.5 %."""

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()
        self.largest = 0.0

    def add(self, milliseconds: float) -> None:
        self._counts[_rounded(milliseconds)] += 1
        self.largest = max(self.largest, milliseconds)

    def percentile(self, percent: float) -> float:
        """The smallest kept value that so many per cent do not exceed (nearest rank); 0 if there is none at all."""
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
    """One verb, asked by all viewers."""

    calls: int = 0
    errors: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    """From the moment that the viewer meant to ask to the end of the answer, failed ones included."""


@dataclass
class Demand:
    """What viewers asked of the service."""

    verbs: dict[str, VerbFigures] = field(default_factory=dict)
    latencies: Latencies = field(default_factory=Latencies)
    """Of all verbs together."""
    lateness: Latencies = field(default_factory=Latencies)
    """How long after its moment a verb was sent: what the generator itself was late."""
    arrivals: Latencies = field(default_factory=Latencies)
    """How long after their moment viewers were let in."""

    def add(self, asked: Asked) -> None:
        call = asked.call
        took = (call.ended - asked.intended) * 1000
        figures = self.verbs.setdefault(call.verb, VerbFigures())
        figures.calls += 1
        figures.errors += call.failure is not None
        figures.latencies.add(took)
        self.latencies.add(took)
        self.lateness.add((call.started - asked.intended) * 1000)

    def arrive(self, came: Came) -> None:
        self.arrivals.add(came.late * 1000)

    @property
    def actions(self) -> int:
        return sum(verb.calls for verb in self.verbs.values())

    @property
    def errors(self) -> int:
        return sum(verb.errors for verb in self.verbs.values())


@dataclass
class Traffic:
    """What was asked of Adobe Pass, as the mock's journal has it, or the callers where there is no mock."""

    calls: Counter[str] = field(default_factory=Counter)
    """By endpoint; what browsers asked is left out."""
    throttled: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    """Answers of 400 and above, or none at all, but for the throttled ones."""
    durations: Latencies = field(default_factory=Latencies)
    """How long the answers took."""
    lags: Latencies = field(default_factory=Latencies)
    """How late the mock's event loop was."""

    def add(self, exchange: Exchange) -> None:
        self.lags.add(exchange.lag_ms)
        if is_of_service(exchange):
            self._count(exchange.endpoint, exchange.status, exchange.duration_ms)

    def call(self, called: Called) -> None:
        self._count(called.endpoint, called.status, called.took * 1000)

    def _count(self, endpoint: str, status: int, milliseconds: float) -> None:
        endpoint = endpoint or "(unknown path)"
        self.calls[endpoint] += 1
        self.durations.add(milliseconds)
        if status == THROTTLED:
            self.throttled[endpoint] += 1
        elif not 100 <= status < 400:
            self.failed[endpoint] += 1


def is_of_service(exchange: Exchange) -> bool:
    """Whether the service made the call, and not the viewer's browser."""
    return not exchange.endpoint.startswith(BROWSER)
