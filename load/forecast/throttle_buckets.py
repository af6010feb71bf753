"""The rate limit of many addresses at once: the GCRA of `mock_server/adobe/throttle.py` in numpy columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pass_harness.mock_server.adobe.throttle import Limit

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
ENDPOINT_BITS, MEMBER_BITS = 5, 7
TIME_BITS = 31
"""Bits for the time in ms: three weeks. The rest of 63 bits is for a million addresses."""


DEFAULT_LIMIT = Limit()


@dataclass(frozen=True)
class Limits:
    """The rate limit of each address, with overrides for some time (ms)."""

    usual: Limit = DEFAULT_LIMIT
    others: Sequence[tuple[int, int, Limit]] = ()
    """Overrides as (start, end, limit); the last of several that overlap applies."""

    def at(self, moment: Floats) -> tuple[Floats, Floats]:
        """Return the emission interval and the burst tolerance in ms at each time."""
        interval = np.full(moment.shape, 1000.0 / self.usual.rate)
        ahead = interval * self.usual.burst
        for begins, ends, limit in self.others:
            during = (moment >= begins) & (moment < ends)
            interval[during] = 1000.0 / limit.rate
            ahead[during] = 1000.0 / limit.rate * limit.burst
        return interval, ahead


@dataclass(frozen=True)
class Calls:
    """Calls of many addresses, ordered by address and time (ms)."""

    address: Ints
    at: Ints
    endpoint: Ints
    member: Ints
    """Number of the viewer at the address, from 0."""

    @classmethod
    def ordered(cls, address: Ints, at: Ints, endpoint: Ints, member: Ints) -> Calls:
        """Return the calls, ordered by address, time, endpoint and member."""
        key = (((((address << TIME_BITS) | at) << ENDPOINT_BITS) | endpoint) << MEMBER_BITS) | member
        key.sort()
        return cls(
            address=key >> (TIME_BITS + ENDPOINT_BITS + MEMBER_BITS),
            at=(key >> (ENDPOINT_BITS + MEMBER_BITS)) & ((1 << TIME_BITS) - 1),
            endpoint=(key >> MEMBER_BITS) & ((1 << ENDPOINT_BITS) - 1),
            member=key & ((1 << MEMBER_BITS) - 1),
        )


@dataclass(frozen=True)
class Throttled:
    """The results of the rate limit."""

    at: Ints
    """Time of the first try of each call, delayed by earlier calls that were rejected."""
    address: Ints
    """Address of each response with status 429; the following columns are of these responses too."""
    refused_at: Ints
    endpoint: Ints
    last: Mask
    """True for the last try: the call is lost. Other rejected calls are repeated after the pause."""


def throttle(calls: Calls, limits: Limits, *, pause: float, tries: int) -> Throttled:
    """Apply the rate limit to the calls.

    After a rejection, the service sends nothing for that address for ``pause`` seconds and then repeats the call, at
    most ``tries`` times in all. Later calls of the same viewer are delayed accordingly.
    """
    counts = np.bincount(calls.address)
    over = np.zeros(counts.size, bool)
    over[_overflowing(calls, counts, limits)] = True
    followed = np.flatnonzero(over[calls.address])
    queues = _Queues(calls, followed[np.lexsort((calls.member[followed], calls.address[followed]))])
    queues.run(limits, pause * 1000.0, tries)
    return queues.throttled()


def _overflowing(calls: Calls, counts: Ints, limits: Limits) -> Ints:
    """Return the addresses with at least one rejected call; only these are simulated call by call.

    Until the first rejection, the k-th call of an address waits behind the previous call with the latest schedule. A
    running maximum computes this for all addresses at once.
    """
    if limits.others or not calls.at.size:
        return np.flatnonzero(counts)
    interval, most = 1000.0 / limits.usual.rate, limits.usual.burst * 1000.0 / limits.usual.rate
    span = float(calls.at.max()) + (float(counts.max()) + 1.0) * interval + 1.0
    nth = np.arange(calls.at.size) - (np.cumsum(counts) - counts)[calls.address]
    schedule = calls.address * span + calls.at - nth * interval
    ahead = np.maximum.accumulate(schedule) - schedule
    return np.unique(calls.address[ahead > most + 1e-3])


class _Queues:
    """The viewers of the addresses with rejected calls, each with a queue of pending calls.

    A step takes the next call of each address; addresses without pending calls drop out.
    """

    def __init__(self, calls: Calls, order: Ints) -> None:
        """Queue the calls at the indices ``order``, sorted by address, member and time."""
        self._calls = calls
        self._order = order
        self._moved = calls.at.copy()
        self._refused: list[tuple[Ints, Ints, Ints, Mask]] = []
        self._addresses, row = np.unique(calls.address[order], return_inverse=True)
        member = calls.member[order]
        members = int(member.max(initial=0)) + 1
        queued = np.bincount(row * members + member, minlength=self._addresses.size * members)
        shape = (self._addresses.size, members)
        self._ends = np.cumsum(queued).reshape(shape)
        self._next = self._ends - queued.reshape(shape)
        self._lag, self._tried = np.zeros(shape), np.zeros(shape, np.int64)
        self._ready = self._due(*np.indices(shape))

    def run(self, limits: Limits, pause: float, tries: int) -> None:
        schedule, paused_until = (np.full(self._addresses.size, -np.inf) for _ in range(2))
        here = np.arange(self._addresses.size)
        while here.size:
            member = self._ready[here].argmin(axis=1)
            now_s = np.maximum(self._ready[here, member], paused_until[here])
            pending = np.isfinite(now_s)
            here, member, now_s = here[pending], member[pending], now_s[pending]
            interval, most = limits.at(now_s)
            arrival = np.maximum(now_s, schedule[here])
            passes = arrival - now_s <= most + 1e-6
            schedule[here[passes]] = arrival[passes] + interval[passes]
            place = self._order[self._next[here, member]]
            first = self._tried[here, member] == 0
            self._moved[place[first]] = now_s[first].astype(np.int64)
            self._tried[here, member] += 1
            lost = ~passes & (self._tried[here, member] >= tries)
            self._refuse(place[~passes], now_s[~passes], lost[~passes])
            paused_until[here[~passes]] = now_s[~passes] + pause
            self._ready[here, member] = now_s + pause
            done = passes | lost
            self._advance(here[done], member[done], now_s[done])

    def throttled(self) -> Throttled:
        none = np.zeros(0, np.int64)
        refused = self._refused or [(none, none, none, none.astype(bool))]
        return Throttled(self._moved, *(np.concatenate(column) for column in zip(*refused, strict=True)))

    def _refuse(self, place: Ints, now_s: Floats, lost: Mask) -> None:
        if place.size:
            calls = self._calls
            self._refused.append((calls.address[place], now_s.astype(np.int64), calls.endpoint[place], lost))

    def _advance(self, here: Ints, member: Ints, now_s: Floats) -> None:
        """Go on to the next calls of these viewers, after a response or the last try."""
        intended = self._calls.at[self._order[self._next[here, member]]]
        self._lag[here, member] = now_s - intended
        self._tried[here, member] = 0
        self._next[here, member] += 1
        self._ready[here, member] = self._due(here, member)

    def _due(self, here: Ints, member: Ints) -> Floats:
        """Return the time of the next call of these viewers; infinity without one."""
        following = self._next[here, member]
        left = following < self._ends[here, member]
        due = np.full(following.shape, np.inf)
        due[left] = self._calls.at[self._order[following[left]]] + self._lag[here, member][left]
        return due
