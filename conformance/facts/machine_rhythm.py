"""Evidence in exchanges alone that a service, and not a viewer or a test, repeated a request.

A single short pause proves nothing: a viewer presses twice, and so does an end-to-end test. A service shows itself by
many repetitions without a pause, by a long rhythm that is fast and steady, by reacting alike on many devices, or by
pauses, however long, that grow in the same way on many devices.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

BACK_TO_BACK_S = 0.05
"""Seconds within which the next request follows a response without a pause."""
FAST_S = 0.45
"""Seconds between two requests of a rhythm, at most, that is too fast for a viewer and for most tests. Impatient
viewers of a load test repeat a verb half a second after each failure."""
STEADY_SHARE = 0.05
STEADY_S = 0.01
"""Differences between two pauses, as a share and in seconds, that timers and networks cause."""

BACKOFF_GROWTH = 1.4
"""Ratio of the second to the first pause, at least, of a backoff."""
BACKOFF_SHARE = 0.5
"""Share of the latest series with growing pauses, at least, that have those of a service's backoff."""

ALIKE_SERIES = 4
ALIKE_REACTIONS = 5
ALIKE_DEVICES = 3
ALIKE_SHARE = 0.9
"""Share of the series or occasions, at least, that are alike if they come from the service itself."""
KEPT = 200


def alike(first_s: float, second_s: float) -> bool:
    """Return whether two pauses are equal but for the accuracy of timers, or both no pause at all."""
    longer = max(first_s, second_s)
    return longer <= BACK_TO_BACK_S or abs(first_s - second_s) <= max(STEADY_S, STEADY_SHARE * longer)


def back_to_back(pauses_s: Sequence[float]) -> int:
    """Return the number of requests at the end of a series that came without a pause."""
    for number, pause_s in enumerate(reversed(pauses_s)):
        if pause_s > BACK_TO_BACK_S:
            return number
    return len(pauses_s)


def fast_and_steady(pauses_s: Sequence[float]) -> int:
    """Return the number of equal pauses at the end of a series, in a rhythm that no viewer keeps."""
    for number, pause_s in enumerate(reversed(pauses_s)):
        if not BACK_TO_BACK_S < pause_s <= FAST_S or not alike(pause_s, pauses_s[-1]):
            return number
    return len(pauses_s)


@dataclass
class Rhythms:
    """The pauses of the latest series: those of a service are the same in several series."""

    _latest: deque[Sequence[float]] = field(default_factory=lambda: deque(maxlen=KEPT))

    def repeats(self, pauses_s: Sequence[float]) -> bool:
        """Add a series. Return whether its pauses are fast and those of nearly all series."""
        self._latest.append(pauses_s)
        if max(pauses_s) > FAST_S:
            return False
        same = sum(all(map(alike, pauses_s, other)) for other in self._latest)
        return same >= max(ALIKE_SERIES, ALIKE_SHARE * len(self._latest))


@dataclass
class Habit:
    """Reactions to one kind of response: those of a service are nearly always the same, on all devices."""

    _occasions: int = 0
    _reactions: deque[tuple[str, float]] = field(default_factory=lambda: deque(maxlen=KEPT))

    def occurred(self) -> None:
        """Count a response to which a service may react."""
        self._occasions += 1

    def reacted(self, device: str, after_s: float) -> bool:
        """Add a reaction. Return whether it is one of the service itself."""
        if after_s > FAST_S:
            return False
        self._reactions.append((device, after_s))
        devices = [other for other, pause_s in self._reactions if alike(pause_s, after_s)]
        return (
            len(devices) >= max(ALIKE_REACTIONS, ALIKE_SHARE * self._occasions) and len(set(devices)) >= ALIKE_DEVICES
        )


@dataclass
class Backoffs:
    """The first two pauses of series in which they grow: those of a service are alike, those of viewers by chance."""

    _latest: deque[tuple[str, Sequence[float]]] = field(default_factory=lambda: deque(maxlen=KEPT))

    def repeats(self, device: str, pauses_s: Sequence[float]) -> bool:
        """Add the pauses of a series. Return whether half of the latest growing ones are like them."""
        first_s, second_s = pauses_s
        if second_s <= BACK_TO_BACK_S or second_s < BACKOFF_GROWTH * first_s:
            return False
        self._latest.append((device, pauses_s))
        devices = [other for other, known in self._latest if all(map(alike, known, pauses_s))]
        usual = len(devices) >= BACKOFF_SHARE * len(self._latest)  # of many viewers, some keep the same by chance
        return usual and len(devices) >= ALIKE_REACTIONS and len(set(devices)) >= ALIKE_DEVICES
