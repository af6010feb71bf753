"""Outcomes that depend on short times, which a busy mock cannot measure."""

from __future__ import annotations

from pass_harness.conformance.outcomes import Expectations, Outcome, Unclear
from pass_harness.mock_server.exchange import Exchange


def timed(expectations: Expectations, outcome: Outcome, *exchanges: Exchange, slack: float = 0.0) -> Outcome:
    """Return the outcome, or `Unclear` if the mock's event loop lagged during one of the exchanges.

    ``slack`` is the distance in seconds to a different outcome: a shorter lag cannot have changed it.
    """
    limit = max(expectations.lag_limit_ms, slack * 1000)
    for exchange in exchanges:
        if exchange.lag_ms > limit:
            return Unclear(
                reason=f"the mock's event loop lagged by more than {expectations.lag_limit_ms:.0f} ms",
                exchanges=tuple(one.id for one in exchanges),
            )
    return outcome
