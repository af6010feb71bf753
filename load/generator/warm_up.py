"""The rate of the logins before the event: as fast as the service takes them without throttling."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from pass_harness.conformance.drivers.http_verbs import HttpAnswer, VerbError

ADJUSTED_EVERY_S = 2.0
QUICK_S = 0.25
"""Latency (p90) in seconds that never slows the logins down."""
SLOWER = 3.0
"""Ratio of the latency (p90) to the least so far from which the service is busy."""
GROWTH, CAREFUL_GROWTH, BACKOFF = 1.5, 1.05, 0.5
"""Factors of the rate: for quick answers, near the last rate that was too high, and for throttled or slow ones."""
LEAST = 0.1
"""Logins per second of a process, however slow the service is."""
_THROTTLED = re.compile(rb"^pass_mock_throttled_requests_total(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


class LoginRate:
    """A rate of logins that grows while answers are quick, and backs off otherwise."""

    def __init__(self, rate: float, now_s: Callable[[], float]) -> None:
        """Begin with ``rate`` logins per second."""
        self.rate = rate
        self._now = now_s
        self._next = now_s()
        self._least_p90 = math.inf
        self._too_high = math.inf
        self._latencies: list[float] = []
        self._troubled = False

    def due(self) -> float:
        """Return the time of the next login. Logins that are late do not follow one another without a pause."""
        due = max(self._now(), self._next)
        self._next = due + 1 / self.rate
        return due

    def answered(self, latency_s: float) -> None:
        """Note the answer to a verb."""
        self._latencies.append(latency_s)

    def troubled(self) -> None:
        """Note a throttled call (429) or a failed verb."""
        self._troubled = True

    def adjust(self) -> None:
        """Adjust the rate to the answers since the last call; call it every `ADJUSTED_EVERY_S` seconds."""
        latencies, self._latencies = sorted(self._latencies), []
        troubled, self._troubled = self._troubled, False
        if not latencies and not troubled:
            return
        p90 = latencies[int(len(latencies) * 0.9)] if latencies else 0.0
        if troubled or p90 > max(QUICK_S, SLOWER * self._least_p90):
            self._too_high = self.rate
            self.rate = max(LEAST, self.rate * BACKOFF)
            return
        self._least_p90 = min(self._least_p90, p90)
        quicker = self.rate * GROWTH
        self.rate = quicker if quicker < self._too_high else self.rate * CAREFUL_GROWTH


def throttled_requests(answer: HttpAnswer) -> float:
    """Return the number of throttled requests in the metrics of the mock. Raises `VerbError` for another answer."""
    if answer.status != 200:
        raise VerbError(f"the mock answered {answer.status}", answer.status)
    return sum(float(number) for number in _THROTTLED.findall(answer.body))
