"""Outcomes that depend on short times, which a busy mock cannot measure.

The engine does this for findings (`evaluation.lags`). Rules do it for opportunities that held, whose exchanges the
engine does not know.
"""

from __future__ import annotations

from collections.abc import Sequence

from pass_harness.conformance.outcomes import HELD, ONE_HELD, Expectations, Outcome, lagged
from pass_harness.mock_server.exchange import Exchange


def timed(expectations: Expectations, outcome: Outcome, *exchanges: Exchange, slack: float = 0.0) -> Outcome:
    """Return the outcome, or `Unclear` if the mock's event loop lagged during one of the exchanges.

    ``slack`` is the distance in seconds to a different outcome: a shorter lag cannot have changed it.
    """
    limit = max(expectations.lag_limit_ms, slack * 1000)
    for exchange in exchanges:
        if exchange.lag_ms > limit:
            return lagged(expectations, tuple(one.id for one in exchanges))
    return outcome


def timed_held(expectations: Expectations, *exchanges: Exchange, slack: float = 0.0) -> Sequence[Outcome]:
    """Return `timed` for an opportunity that was held, as the result of `Rule.observe`."""
    outcome = timed(expectations, HELD, *exchanges, slack=slack)
    return ONE_HELD if outcome is HELD else (outcome,)
