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

    rate: Annotated[float, msgspec.Meta(ge=0.0001, le=1_000_000)] = 1.0
    burst: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 10


def admit(tat: float | None, now_ms: int, limit: Limit) -> tuple[bool, float]:
    """Return whether a request at ``now_ms`` passes, and the new TAT (ms). A rejected request consumes nothing."""
    arrival = max(now_ms, tat or now_ms)
    if _excess_ms(arrival, now_ms, limit) > 0:
        return False, arrival
    return True, arrival + 1000.0 / limit.rate


def remaining(tat: float | None, now_ms: int, limit: Limit) -> tuple[int, int]:
    """Return the number of requests that would pass at once at ``now_ms``, and the time (ms) the next one passes."""
    excess_ms = _excess_ms(max(now_ms, tat or now_ms), now_ms, limit)
    tokens = max(1 - math.ceil(excess_ms * limit.rate / 1000.0), 0)
    return tokens, now_ms if tokens else now_ms + math.ceil(excess_ms)


def _excess_ms(arrival: float, now_ms: int, limit: Limit) -> float:
    """Return by how many ms a request comes too early, with TAT ``arrival``; 0 or less if it passes."""
    # Intervals such as 1000/6 ms are rounded when they are added to a time since the epoch, once for each request.
    rounding_ms = (limit.burst + 1) * math.ulp(arrival)
    return arrival - now_ms - limit.burst * 1000.0 / limit.rate - rounding_ms
