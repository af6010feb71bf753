"""Series of tries: a request that failed at Adobe Pass, and its repetitions by the service itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import device_names
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, ended, is_server_failure, signature
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.mock_server.exchange import Exchange

REPEATABLE = NEEDS_TOKEN | DCR
SERIES_GAP_S = 6.0
"""Seconds between two tries of one series, at most: the growing delays of a few tries are shorter."""

Series = tuple[Exchange, ...]


@dataclass
class RetrySeries:
    """Open series. A series is over when a try succeeds, when its viewer acts again, or after a long pause."""

    min_poll_interval_s: float
    longest: int
    """Number of tries kept of each series, the first ones."""
    driven: bool = False
    """Whether a verb was seen: without a driver, the actions of viewers are unknown."""
    _open: Bounded[tuple[str, ...], Series] = field(default_factory=Bounded)
    _acted: Bounded[str, float] = field(default_factory=Bounded)

    def observe(self, seen: Observation) -> Sequence[tuple[Series, bool]]:
        """Return each series that the observation changes, with whether it is over.

        A series that is over comes before the new one that replaces it. A first try that succeeds is not a series.
        """
        if isinstance(seen, VerbCall):
            self.driven = True
            for name in device_names(seen):
                self._acted.put(name, seen.ended)
            return ()
        if seen.endpoint not in REPEATABLE:
            return ()
        failed = is_server_failure(seen)
        if not failed and not self._open:
            return ()  # the most frequent case
        brought = []
        key = signature(seen)
        tries = self._open.pop(key) or ()
        if tries and not self._is_retry(tries[-1], seen):
            brought.append((tries, True))
            tries = ()
        if failed or tries:
            tries = (*tries[: self.longest - 1], seen)
            brought.append((tries, not failed))
        if failed:
            self._open.put(key, tries)
        return brought

    def remaining(self) -> Iterator[Series]:
        """Yield the series that are not over."""
        for key in self._open:
            yield self._open.get(key) or ()

    def _is_retry(self, failed: Exchange, seen: Exchange) -> bool:
        polls = seen.endpoint == "profiles.code" and seen.wall - failed.wall >= self.min_poll_interval_s
        acted = max(self._acted.get(name) or 0.0 for name in device_names(seen))
        return not polls and acted < failed.wall and seen.wall - ended(failed) <= SERIES_GAP_S
