"""Throttling: the generic cell rate algorithm (GCRA), as nginx's `limit_req … burst=N nodelay` counts.

A bucket is one number, the theoretical arrival time (TAT) of the next request if all came evenly. A request
passes while the TAT is at most `burst` intervals ahead, so `burst + 1` requests pass at once and one more each
interval. Adobe's figures: rate 1 request a second, burst 10 (throttling-mechanism page).
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``rate`` in requests per second, ``burst`` in requests on top of the rate."""

    rate: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)] = 1.0
    burst: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 10


def admit(tat: float | None, now_ms: int, limit: Limit) -> tuple[bool, float]:
    """Whether a request at ``now_ms`` passes, and the bucket afterwards; a refused one costs nothing."""
    interval = 1000.0 / limit.rate
    arrival = max(float(now_ms), tat if tat is not None else 0.0)
    if arrival - now_ms > limit.burst * interval + 1e-6:
        return False, arrival
    return True, arrival + interval


def left(tat: float | None, now_ms: int, limit: Limit) -> tuple[int, int]:
    """How many requests would pass at once at ``now_ms``, and the time (ms) at which the next one passes."""
    interval = 1000.0 / limit.rate
    ahead = max((tat if tat is not None else 0.0) - now_ms, 0.0)
    tokens = max(math.floor(limit.burst + 1 - ahead / interval + 1e-6), 0)
    return tokens, now_ms if tokens else now_ms + math.ceil(ahead - limit.burst * interval - 1e-6)
