"""Lags of the mock, and the findings that they make unclear: the mock delayed a request, not the service.

A request may have arrived earlier than its exchange says, by the lag of the mock. A finding that compares its time
with another one is therefore unclear, unless it misses the limit by more than the lag. A verb during a stall of the
mock waited for the mock, and requests of its device may be late. A mock that stalls again and again shows a machine
without time for the service either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import Broken, Expectations, Unclear, lagged
from pass_harness.mock_server.exchange import Exchange, Stall

OVERLOAD_STALLS = 10
OVERLOAD_SHARE = 0.02
"""Number of stalls and share of the time, at least, by which a machine shows that it is overloaded."""
SECOND_MS = 1_000.0
"""Lag by which readers mark exchanges of archives whose times are whole seconds (they have no peer)."""
KEPT_LAGS = 20_000
"""Number of lagging exchanges and devices kept: findings cite recent exchanges."""


def in_stalls(call: VerbCall, stalls: Iterable[Stall]) -> VerbCall:
    """Return the verb with the duration of all stalls of the mock during it as its lag."""
    lag_ms = sum(one.stalled_ms for one in stalls if one.wall <= call.ended and call.started <= one.end_s)
    return msgspec.structs.replace(call, lag_ms=lag_ms) if lag_ms > call.lag_ms else call


def overload_s(stalls: Iterable[Stall], first_s: float, last_s: float) -> float:
    """Return the longest stall in seconds if there were as many as on an overloaded machine; else 0.

    Stalls that ended before ``first_s`` or began after ``last_s``, the times of the first and the last exchange, do
    not count. A mock that was suspended once or twice was not short of time.
    """
    during = [stall.stalled_ms / 1000 for stall in stalls if stall.end_s > first_s and stall.wall < last_s]
    if len(during) < OVERLOAD_STALLS or sum(during) < OVERLOAD_SHARE * (last_s - first_s):
        return 0.0
    return max(during)


@dataclass
class Lags:
    """The lags of one space above the limit."""

    expectations: Expectations
    _lags_ms: Bounded[int | str, float] = field(default_factory=lambda: Bounded(KEPT_LAGS))
    """Lag by id of the exchange, or by device of the verb."""
    _coarse: Bounded[int | str, float] = field(default_factory=lambda: Bounded(KEPT_LAGS))
    """Inexactness in ms by id of the exchange, in archives of whole seconds: the order of their entries is known."""

    def add(self, seen: Observation) -> None:
        """Add an observation with a lag above the limit."""
        key = seen.device if isinstance(seen, VerbCall) else seen.id
        is_coarse = isinstance(seen, Exchange) and not seen.peer and seen.lag_ms <= SECOND_MS
        lags = self._coarse if is_coarse else self._lags_ms
        lags.put(key, max(seen.lag_ms, lags.get(key) or 0.0))

    def doubt(self, finding: Broken) -> Unclear | None:
        """Return the outcome instead of a finding that a lag may have caused, or None."""
        if not self._lags_ms and not self._coarse:
            return None
        missed_ms = finding.margin_s * 1000
        bearable_ms = max(self.expectations.lag_limit_ms, missed_ms)
        keys: tuple[int | str, ...] = (*finding.exchanges, finding.device or "")
        lagged_by = max((self._lags_ms.get(key) or 0.0) for key in keys)
        inexact_by = max((self._coarse.get(key) or 0.0) for key in keys)
        if lagged_by <= bearable_ms and not 0.0 < missed_ms < inexact_by:
            return None
        return lagged(self.expectations, finding.exchanges)
