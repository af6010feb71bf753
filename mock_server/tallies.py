"""What is counted of the mock's requests, for metrics (control/metrics.py renders them).

This is on the way of every request, so it adds to plain numbers and does nothing else. How many there are is bounded
by the mock itself: endpoints, statuses and kinds of effects; never paths, spaces or devices.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histogram of durations, in seconds; the last bucket has none."""


@dataclass
class EndpointTally:
    """The requests of one endpoint."""

    statuses: Counter[int] = field(default_factory=Counter)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    """How many took so long, by `BOUNDS`; each request is in one bucket."""
    seconds: float = 0.0
    throttled: int = 0


@dataclass
class Tallies:
    """The requests of one mock since it was started."""

    endpoints: dict[str, EndpointTally] = field(default_factory=dict)
    effects: Counter[str] = field(default_factory=Counter)
    """How often behaviours took effect, by the kind of the effect."""

    def count(self, endpoint: str, status: int, seconds: float, effects: Iterable[str], *, throttled: bool) -> None:
        """Counts an answered request; status 0 where the connection was broken before there was one."""
        tally = self.endpoints.get(endpoint)
        if tally is None:
            tally = self.endpoints[endpoint] = EndpointTally()
        tally.statuses[status] += 1
        tally.buckets[bisect_left(BOUNDS, seconds)] += 1
        tally.seconds += seconds
        tally.throttled += throttled
        for effect in effects:
            self.effects[effect] += 1
