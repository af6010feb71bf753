"""Adobe's throttle over many addresses at once: the mock's GCRA (`mock_server/throttle.py`) in columns of numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mock_server.throttle import Limit

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
ENDPOINT_BITS = 5
TIME_BITS = 31
"""Enough for the milliseconds of three weeks."""


ADOBES = Limit()


@dataclass(frozen=True)
class Limits:
    """The limit of each address, and other ones for some time (ms)."""

    usual: Limit = ADOBES
    others: Sequence[tuple[int, int, Limit]] = ()
    """From, to, and what counts meanwhile; the last of several."""

    def at(self, moment: Floats) -> tuple[Floats, Floats]:
        """The interval between two calls and what may be ahead, in ms, at each moment."""
        interval = np.full(moment.shape, 1000.0 / self.usual.rate)
        ahead = interval * self.usual.burst
        for begins, ends, limit in self.others:
            during = (moment >= begins) & (moment < ends)
            interval[during] = 1000.0 / limit.rate
            ahead[during] = 1000.0 / limit.rate * limit.burst
        return interval, ahead


@dataclass(frozen=True)
class Calls:
    """Calls of many addresses, by address and then by time (ms)."""

    address: Ints
    at: Ints
    endpoint: Ints

    @classmethod
    def ordered(cls, address: Ints, at: Ints, endpoint: Ints) -> Calls:
        key = (((address << TIME_BITS) | at) << ENDPOINT_BITS) | endpoint
        key.sort()
        return cls(
            key >> (TIME_BITS + ENDPOINT_BITS),
            (key >> ENDPOINT_BITS) & ((1 << TIME_BITS) - 1),
            key & ((1 << ENDPOINT_BITS) - 1),
        )


@dataclass(frozen=True)
class Refusals:
    """Calls that were answered 429: an entry for each try."""

    address: Ints
    at: Ints
    endpoint: Ints
    last: Mask
    """Whether it was the last try: the call is lost. The others are followed by one more call after the pause."""


def throttle(calls: Calls, limits: Limits, *, pause: float, tries: int) -> Refusals:
    """What Adobe's throttle refuses of the calls.

    After a refusal nothing is asked for that address for ``pause`` seconds, and the call is then tried again, up to
    ``tries`` times in all.
    """
    size = int(calls.address[-1]) + 1 if calls.address.size else 0
    counts = np.bincount(calls.address, minlength=size)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1])) if size else np.zeros(0, np.int64)
    over = _overflowing(calls, counts, starts, limits)
    return _follow(calls, over, starts, counts, limits, pause * 1000.0, tries)


def _overflowing(calls: Calls, counts: Ints, starts: Ints, limits: Limits) -> Ints:
    """The addresses of which anything is refused at all; those few are followed call by call.

    As long as nothing was refused, the k-th call of an address waits behind the one before it that was latest by
    its own schedule, which a running maximum tells for all addresses at once.
    """
    if limits.others or not calls.at.size:
        return np.flatnonzero(counts)
    interval, most = 1000.0 / limits.usual.rate, limits.usual.burst * 1000.0 / limits.usual.rate
    span = float(calls.at.max()) + (float(counts.max()) + 1.0) * interval + 1.0
    nth = np.arange(calls.at.size) - starts[calls.address]
    schedule = calls.address * span + calls.at - nth * interval
    ahead = np.maximum.accumulate(schedule) - schedule
    return np.unique(calls.address[ahead > most + 1e-3])


def _follow(
    calls: Calls, addresses: Ints, starts: Ints, counts: Ints, limits: Limits, pause: float, tries: int
) -> Refusals:
    found: list[tuple[Ints, Ints, Ints, Mask]] = []
    schedule, held = np.full(addresses.size, -np.inf), np.full(addresses.size, -np.inf)
    longest = int(counts[addresses].max(initial=0))
    for nth in range(longest):
        here = np.flatnonzero(counts[addresses] > nth)
        place = starts[addresses[here]] + nth
        endpoint = calls.endpoint[place]
        now = np.maximum(calls.at[place].astype(np.float64), held[here])
        for tried in range(1, tries + 1):
            interval, most = limits.at(now)
            arrival = np.maximum(now, schedule[here])
            passes = arrival - now <= most + 1e-6
            schedule[here[passes]] = arrival[passes] + interval[passes]
            here, now, endpoint = here[~passes], now[~passes], endpoint[~passes]
            if not here.size:
                break
            held[here] = now + pause
            last = np.full(here.size, tried == tries)
            found.append((addresses[here], now.astype(np.int64), endpoint, last))
            now = now + pause
    if not found:
        none = np.zeros(0, np.int64)
        return Refusals(none, none, none, none.astype(bool))
    return Refusals(*(np.concatenate(column) for column in zip(*found, strict=True)))
