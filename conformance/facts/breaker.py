"""The circuit breaker that a service may have: failures of any device can hold back the calls of all others."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pass_harness.conformance.facts.exchanges import is_server_failure
from pass_harness.mock_server.exchange import Exchange

OPENS_AFTER = 3
"""Failures in a row after which breakers in use open: three to five are usual."""
STAYS_OPEN_S = 10.0
"""Seconds within which a breaker lets a probe through, at the latest."""
KEPT = 1_000
MAY_BE_OPEN = (
    "Adobe Pass had failed several calls of the service in a row just before, so that a circuit breaker for all "
    "calls may have held a call back"
)


@dataclass
class Breaker:
    """Whether a circuit breaker for all calls may be open."""

    _in_a_row: int = 0
    _opened_s: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))

    def observe(self, exchange: Exchange) -> None:
        if not is_server_failure(exchange):
            self._in_a_row = 0
            return
        self._in_a_row += 1
        if self._in_a_row >= OPENS_AFTER:
            self._opened_s.append(exchange.wall)

    def may_open(self, start_s: float, end_s: float) -> bool:
        """Return whether the service saw enough failures in this time, or shortly before, to stop its calls."""
        return any(start_s - STAYS_OPEN_S <= at <= end_s for at in self._opened_s)
