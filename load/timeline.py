"""Time series of a run: statistics of each second, or of longer steps for long events."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pass_harness.load.ipc_messages import AdobeCall, Arrival, TimedVerb
from pass_harness.load.run_statistics import THROTTLED, Latencies, is_of_service
from pass_harness.mock_server.exchange import Exchange, Stall

MOST_STEPS = 600


@dataclass
class Step:
    """Statistics of one step of the timeline."""

    arrivals: int = 0
    verbs: int = 0
    errors: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    """Latencies of the verbs with an intended start in this step."""
    calls: Counter[str] = field(default_factory=Counter)
    """Calls to Adobe Pass, by endpoint."""
    throttled: int = 0
    findings: int = 0


class Timeline:
    """Steps of equal width from the start of the event: at most `MOST_STEPS` for its duration, and some after it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.width = float(max(1, math.ceil(seconds / MOST_STEPS)))
        self._begins = math.inf
        self._steps: dict[int, Step] = {}

    def begin(self, at: float) -> None:
        """Set the start of the event; only later observations count."""
        self._begins = at

    def has_begun(self, at: float) -> bool:
        """Return whether the time ``at`` (s) is after the start of the event."""
        return at >= self._begins

    def stalled_s(self, stalls: Iterable[Stall]) -> float:
        """Return the seconds since the start of the event in which a process of the mock was stalled."""
        total_s, until_s = 0.0, self._begins
        for stall in sorted(stalls, key=lambda one: one.wall):
            total_s += max(0.0, stall.end_s - max(stall.wall, until_s))
            until_s = max(until_s, stall.end_s)
        return total_s

    def add_arrival(self, arrival: Arrival) -> None:
        self._at(arrival.at).arrivals += 1

    def add_verb(self, verb: TimedVerb) -> None:
        step = self._at(verb.intended)
        step.verbs += 1
        step.errors += verb.call.failure is not None
        step.latencies.add((verb.call.ended - verb.intended) * 1000)

    def add_exchange(self, exchange: Exchange) -> None:
        if is_of_service(exchange):
            self._count(exchange.wall, exchange.endpoint, exchange.status)

    def add_call(self, call: AdobeCall) -> None:
        self._count(call.at, call.endpoint, call.status)

    def add_finding(self, at: float) -> None:
        """Count a finding at the time ``at`` (s)."""
        if self.has_begun(at):
            self._at(at).findings += 1

    def steps(self) -> Iterator[Step]:
        """Yield the steps from the start of the event to the last step with an observation."""
        for number in range(max(self._steps, default=-1) + 1):
            yield self._steps.get(number, _EMPTY)

    def _count(self, at: float, endpoint: str, status: int) -> None:
        step = self._at(at)
        step.calls[endpoint or "(unknown path)"] += 1
        step.throttled += status == THROTTLED

    def _at(self, at: float) -> Step:
        return self._steps.setdefault(max(0, int((at - self._begins) / self.width)), Step())


_EMPTY = Step()
