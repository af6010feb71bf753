"""Archives without exact times, as a lag of their exchanges, so that no rule takes their times for exact.

Some programs write whole seconds, and some write one time for all entries: that of their start (axios-har-tracker) or
of their export (Insomnia).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import msgspec

from pass_harness.conformance.evaluation.lags import SECOND_MS
from pass_harness.mock_server.exchange import Exchange

_UNKNOWN_MS = 86_400_000.0
"""Lag of exchanges whose times are unknown: longer than any limit of a rule."""
_LEAST, _LOOKED_AT = 3, 50
"""Number of exchanges with one time, at least, that show that it is not theirs, and number that are looked at."""


def inexactness_ms(started: str) -> float:
    """Return by how much a time in ISO 8601 may be too early: a second, where it has no part of one."""
    return 0.0 if "." in started or "," in started else SECOND_MS


def with_known_times(exchanges: Iterator[Exchange], coarse: Callable[[], None]) -> Iterator[Exchange]:
    """Yield the exchanges of an archive. If all have one time, they get a lag, because their times are unknown.

    Calls ``coarse`` for inexact times.
    """
    first = list(itertools.islice(exchanges, _LOOKED_AT))
    times = {exchange.wall for exchange in first}
    for exchange in itertools.chain(first, exchanges):
        seen = exchange
        if len(first) >= _LEAST and times == {exchange.wall}:
            seen = msgspec.structs.replace(exchange, lag_ms=_UNKNOWN_MS)
        if seen.lag_ms:
            coarse()
        yield seen
