"""Rate limit: the generic cell rate algorithm (GCRA), equivalent to nginx's `limit_req … burst=N nodelay`.

A bucket is one number: the theoretical arrival time (TAT) of the next request of an evenly spaced sequence. A request
passes while the TAT is at most `burst` intervals ahead, so `burst + 1` requests pass at once, then one per interval.
Adobe's limit: rate 1 request per second, burst 10 (throttling-mechanism page).
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rate limit: ``rate`` in requests per second, ``burst`` in requests above the rate."""

    rate: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)] = 1.0
    burst: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 10


def admit(tat: float | None, now_ms: int, limit: Limit) -> tuple[bool, float]:
    """Return whether a request at ``now_ms`` passes, and the new TAT (ms). A rejected request consumes nothing."""
    interval = 1000.0 / limit.rate
    arrival = max(float(now_ms), tat if tat is not None else 0.0)
    if arrival - now_ms > limit.burst * interval + 1e-6:
        return False, arrival
    return True, arrival + interval


def remaining(tat: float | None, now_ms: int, limit: Limit) -> tuple[int, int]:
    """Return the number of requests that would pass at once at ``now_ms``, and the time (ms) the next one passes."""
    interval = 1000.0 / limit.rate
    ahead = max((tat if tat is not None else 0.0) - now_ms, 0.0)
    tokens = max(math.floor(limit.burst + 1 - ahead / interval + 1e-6), 0)
    return tokens, now_ms if tokens else now_ms + math.ceil(ahead - limit.burst * interval - 1e-6)
