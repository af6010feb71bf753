"""Series of tries: a request that failed at Adobe Pass, and its repetitions by the service itself.

Adobe's checklist limits retries to two or three; its page of error codes asks for that limit or for exponential
backoff. So one try and three retries are allowed with any pauses, and more with growing ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import SLACK_S, Devices
from pass_harness.conformance.facts.exchanges import (
    DCR,
    NEEDS_TOKEN,
    answered_before,
    brief,
    ended,
    is_server_failure,
    signature,
)
from pass_harness.conformance.facts.headers import forwarded_for, peer_address, peer_host
from pass_harness.conformance.facts.machine_rhythm import (
    BACK_TO_BACK_S,
    Rhythms,
    alike,
    back_to_back,
    fast_and_steady,
)
from pass_harness.conformance.facts.nameless_requests import names_no_device
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.mock_server.exchange import Exchange

REPEATABLE = NEEDS_TOKEN | DCR
SERIES_GAP_S = 6.0
"""Seconds between two tries of one series, at most: the growing delays of a few tries are shorter."""
TRIES = 4
"""Number of tries, at most, whose pauses need not grow: one, and the two or three retries of Adobe's pages."""
LONGEST = 16
"""Number of tries kept, after which no backoff is an excuse: growing pauses would have ended the series."""
BACKOFF_GROWTH = 1.4
"""Ratio of the later to the earlier pauses, at least, in a series with exponential backoff: it doubles without a
maximum delay, and stays above this with one for a few tries."""
STEADY_RATIO = 1.2
"""Ratio of the longest to the shortest pause, at most, that jitter does not explain."""
STEADY_PAUSES = 9
"""Number of pauses of a series, all equal, that show a service without a driver: a viewer who tries again after three
retries would have to keep their rhythm twice."""
SEVERAL = 2
"""Number of devices from which a request for none of them may be for any."""
INNER_PAUSES = 3
"""Number of pauses, at least, that come again in a series if one layer of retries is inside another."""
IRREGULAR_SERIES = 2
"""Number of series below which jitter can hide or imitate growth."""

Series = tuple[Exchange, ...]


def pauses_s(tries: Sequence[Exchange]) -> list[float]:
    """Return the seconds from each response to the next try."""
    return [max(0.0, later.wall - ended(earlier)) for earlier, later in pairwise(tries)]


def longer(tries: Series, seen: Exchange) -> Series:
    """Return the series with one more try: its first ones, at most `LONGEST`, and the latest."""
    return (*tries[: LONGEST - 1], brief(seen))


def growth(pauses_s: Sequence[float]) -> tuple[float, float]:
    """Return the means of the earlier and of the later pauses of a series."""
    half = len(pauses_s) // 2
    return fmean(pauses_s[:half]), fmean(pauses_s[half:])


def backs_off(pauses_s: Sequence[float]) -> bool:
    """Return whether the pauses of a series of more than `TRIES` tries grow as with exponential backoff."""
    earlier_s, later_s = growth(pauses_s)
    return later_s > BACK_TO_BACK_S and later_s >= BACKOFF_GROWTH * earlier_s and not starts_over(pauses_s)


def starts_over(pauses_s: Sequence[float]) -> bool:
    """Return whether the pauses of an inner layer of retries come again after each longer pause of an outer one."""
    return any(_is_nested(pauses_s, tries) for tries in range(2, TRIES + 1))


def _is_nested(pauses_s: Sequence[float], tries: int) -> bool:
    """Return whether an inner layer makes this number of tries for each one of an outer layer."""
    outer = pauses_s[tries - 1 :: tries]
    first, *others = (pauses_s[at : at + tries - 1] for at in range(0, len(pauses_s), tries))
    again = [pair for inner in others for pair in zip(first, inner, strict=False)]
    return len(again) >= INNER_PAUSES and min(outer) > max(first) and all(alike(*pair) for pair in again)


@dataclass
class RetryLimit:
    """The judgement of series: `TRIES` tries, or more with exponential backoff.

    Without a driver, a viewer may have acted in the middle of a long series, unless it is one of polls; then only the
    rhythm of a machine is evidence.
    """

    driven: bool
    expectations: Expectations
    finding: Callable[[Series], Broken]
    """Returns the finding that a series is too long."""
    _rhythms: Rhythms = field(default_factory=Rhythms)
    _irregular: list[Series] = field(default_factory=list)

    def longer(self, tries: Series) -> Sequence[Outcome]:
        """Return the finding that the last try of an open series proves."""
        if len(tries) <= TRIES or self._is_of_service(tries):
            return NOTHING
        pauses = pauses_s(tries)
        steady = len(pauses) == STEADY_PAUSES == fast_and_steady(pauses)
        proven = steady or back_to_back(pauses) == TRIES
        return (self.finding(tries),) if proven else NOTHING

    def over(self, tries: Series) -> Sequence[Outcome]:
        """Return the outcome of a series that is over, unless it depends on others."""
        if len(tries) <= TRIES:
            return (HELD,)
        pauses = pauses_s(tries)
        if len(tries) < LONGEST and backs_off(pauses):
            return (HELD,)
        if not self._is_of_service(tries):
            return (self.finding(tries),) if self._rhythms.repeats(pauses[:TRIES]) else NOTHING
        steady = max(pauses) <= STEADY_RATIO * min(pauses) + BACK_TO_BACK_S
        if len(tries) == LONGEST or steady or starts_over(pauses):
            return (self.finding(tries),)
        if len(self._irregular) < LONGEST:
            self._irregular.append(tries)
        return NOTHING

    def _is_of_service(self, tries: Series) -> bool:
        """Return whether no viewer can have repeated the request: polls are the service's, verbs show the others."""
        return self.driven or tries[0].endpoint == "profiles.code"

    def finish(self) -> Iterator[Outcome]:
        """Yield the outcomes of long series with irregular pauses, in which only the mean shows whether they grow."""
        if len(self._irregular) < IRREGULAR_SERIES:
            return
        grown = [growth(pauses_s(tries)) for tries in self._irregular]
        enough = fmean(later for _, later in grown) >= BACKOFF_GROWTH * fmean(earlier for earlier, _ in grown)
        for tries in self._irregular:
            yield HELD if enough else self.finding(tries)


@dataclass
class RetrySeries:
    """Open series. A series is over when a try succeeds, when its viewer acts again, or after a long pause."""

    devices: Devices
    min_poll_interval_s: float
    _open: Bounded[tuple[str, ...], Series] = field(default_factory=Bounded)
    _acted: Bounded[str, float] = field(default_factory=Bounded)
    _acted_s: float = 0.0
    """End of the latest verb of any device."""
    _served: Bounded[str, frozenset[str]] = field(default_factory=Bounded)
    """Some devices of each address that calls, without verbs."""

    def observe(self, seen: Observation) -> Sequence[tuple[Series, bool]]:
        """Return each series that the observation changes, with whether it is over.

        A series that is over comes before the new one that replaces it. A first try that succeeds is not a series.
        """
        if isinstance(seen, VerbCall):
            for name in self.devices.names(seen):
                self._acted.put(name, seen.ended)
            self._acted_s = max(self._acted_s, seen.ended)
            return ()
        if seen.endpoint not in REPEATABLE:
            return ()
        failed = is_server_failure(seen)
        if not self.devices.driven:
            self._note_caller(seen)
            if failed and self._may_be_any_viewers(seen):
                return ()
        if not failed and not self._open:
            return ()  # the most frequent case
        brought = []
        key = signature(seen)
        tries = self._open.get(key) or ()
        if tries and not self.devices.driven and not answered_before(tries[-1], seen):
            return ()  # of two concurrent requests neither repeats the other: a viewer pressed twice, or has two tabs
        self._open.pop(key)
        if tries and not self._is_retry(tries[-1], seen):
            brought.append((tries, True))
            tries = ()
        if failed or tries:
            tries = longer(tries, seen)
            brought.append((tries, not failed))
        if failed:
            self._open.put(key, tries)
        return brought

    def remaining(self) -> Iterator[Series]:
        """Yield the series that are not over."""
        for key in self._open:
            yield self._open.get(key) or ()

    def _is_retry(self, failed: Exchange, seen: Exchange) -> bool:
        if seen.wall - ended(failed) > SERIES_GAP_S:
            return False
        if seen.endpoint == "profiles.code":  # no viewer repeats a poll
            return seen.wall - failed.wall < self.min_poll_interval_s
        before_s = failed.wall - SLACK_S
        if self._may_be_any_viewers(seen) and self._acted_s >= before_s:
            return False
        return all((self._acted.get(name) or 0.0) < before_s for name in self.devices.names(seen))

    def _note_caller(self, seen: Exchange) -> None:
        """Note the device of a call by the address that it came from."""
        if seen.device is not None:
            address = peer_host(seen)
            served = self._served.get(address) or frozenset()
            if len(served) < SEVERAL and seen.device not in served:
                self._served.put(address, served | {seen.device})

    def _may_be_any_viewers(self, seen: Exchange) -> bool:
        """Return whether a request names neither a device nor its address, so that each viewer may have caused it."""
        if not names_no_device(seen):
            return False
        if self.devices.driven:
            return not self.devices.residents(seen.ip)
        several = len(self._served.get(peer_host(seen)) or ()) >= SEVERAL
        return several and forwarded_for(seen) in {None, peer_address(seen)}
