"""The figures of a run by time: what happened in each second, or in longer steps where the event is long."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from pass_harness.load.ipc_messages import Asked, Called, Came
from pass_harness.load.run_statistics import THROTTLED, Latencies, is_of_service
from pass_harness.mock_server.exchange import Exchange

MOST_STEPS = 600


@dataclass
class Step:
    """What happened in one step of the timeline."""

    arrivals: int = 0
    verbs: int = 0
    errors: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    """Of the verbs that viewers meant to ask in this step."""
    calls: Counter[str] = field(default_factory=Counter)
    """To Adobe Pass, by endpoint."""
    throttled: int = 0
    findings: int = 0


class Timeline:
    """Steps of one width from the beginning of the event; at most `MOST_STEPS` for its length, and its aftermath."""

    def __init__(self, seconds: float) -> None:
        self.width = float(max(1, math.ceil(seconds / MOST_STEPS)))
        self._begins = math.inf
        self._steps: dict[int, Step] = {}

    def begin(self, at: float) -> None:
        """What happens from ``at`` on counts; nothing does before."""
        self._begins = at

    def begun(self, at: float) -> bool:
        return at >= self._begins

    def came(self, came: Came) -> None:
        self._at(came.at).arrivals += 1

    def asked(self, asked: Asked) -> None:
        step = self._at(asked.intended)
        step.verbs += 1
        step.errors += asked.call.failure is not None
        step.latencies.add((asked.call.ended - asked.intended) * 1000)

    def exchange(self, exchange: Exchange) -> None:
        if is_of_service(exchange):
            self._count(exchange.wall, exchange.endpoint, exchange.status)

    def called(self, called: Called) -> None:
        self._count(called.at, called.endpoint, called.status)

    def found(self, at: float) -> None:
        """A rule was broken."""
        if self.begun(at):
            self._at(at).findings += 1

    def steps(self) -> Iterator[Step]:
        """From the beginning to the last step in which anything happened."""
        for number in range(max(self._steps, default=-1) + 1):
            yield self._steps.get(number, _NOTHING)

    def _count(self, at: float, endpoint: str, status: int) -> None:
        step = self._at(at)
        step.calls[endpoint or "(unknown path)"] += 1
        step.throttled += status == THROTTLED

    def _at(self, at: float) -> Step:
        return self._steps.setdefault(max(0, int((at - self._begins) / self.width)), Step())


_NOTHING = Step()
