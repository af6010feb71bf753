"""Observations in order of time, which rules need."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable, Iterator

from pass_harness.conformance.observation import Observation, moment

ORDERING_BUFFER = 2_000


def in_order(observations: Iterable[Observation], buffer: int = ORDERING_BUFFER) -> Iterator[Observation]:
    """Yield observations in order of time. Each may be at most ``buffer`` places late, which bounds the memory."""
    ordering = Ordering(buffer)
    for observation in observations:
        if (due := ordering.add(observation)) is not None:
            yield due
    yield from ordering.rest()


class Ordering:
    """`in_order` for observations that come one at a time."""

    def __init__(self, buffer: int = ORDERING_BUFFER) -> None:
        self._buffer = buffer
        self._waiting: deque[Observation] = deque()
        """Sorted by time. Nearly all observations come in order and the others a little late, so a heap is slower."""
        self._latest = float("-inf")
        """The time of the last one."""

    def add(self, observation: Observation) -> Observation | None:
        """Add an observation. Return the earliest one once ``buffer`` later ones have come, else None."""
        waiting = self._waiting
        happened = moment(observation)
        if happened >= self._latest:
            waiting.append(observation)
            self._latest = happened
        else:
            insort(waiting, observation, key=moment)
        return waiting.popleft() if len(waiting) > self._buffer else None

    def rest(self) -> Iterator[Observation]:
        """Yield the remaining observations at the end of the stream."""
        while self._waiting:
            yield self._waiting.popleft()
