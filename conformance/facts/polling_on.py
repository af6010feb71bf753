"""Polling that goes on after its end: the login, the expiry of the code, a new code or a logout.

A single request for a code is no polling: a service may read the profile of the code again, for a later play.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, TypeVar

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import allows_retry
from pass_harness.conformance.facts.polls import LONGEST_INTERVAL_S
from pass_harness.conformance.facts.quiet_periods import QuietPeriods
from pass_harness.conformance.facts.sessions import KEPT_CODES
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.short_gaps import are_alike
from pass_harness.conformance.outcomes import Outcome
from pass_harness.mock_server.exchange import Exchange

V = TypeVar("V")

JITTER = 1.1
"""Factor by which an interval of a poller may be longer than those before it."""
MISSED = 2.0
"""Intervals of a poller after which the next request does not continue its polling."""
SHORTEST_PAUSE_S = 8.0
"""Seconds within which a request continues the polling, however short the interval was."""
STEADY_REQUESTS = 4
"""Number of requests at equal intervals that are polling, however long the intervals are."""
QUIET_S = 8.0
"""Seconds of quiet that show the end of polling, at least; a slow poller has to be quiet for longer."""
QUIET_AT_END_S = 3.0
"""Seconds of quiet at the end of a trace, at least."""

TOLERANCE = (
    "One later request for the code is allowed, and so is each that a decisions request of the device follows: the "
    "service may read the profile again. Two in a row are polling, and so are four at equal intervals."
)
"""Sentence for the cards of rules that use `PollingOn`."""


@dataclass
class PollingOn(Generic[V]):
    """Codes whose polling has to end, and the polls that come all the same."""

    facts: SharedFacts
    in_progress_s: float = 0.0
    """Seconds after the end within which a poll that was in progress may arrive; it does not count."""
    least_grace_s: float = 0.0
    """Seconds after the end within which polls are allowed, at least; a slow poller may have one interval."""
    _ends: QuietPeriods[str, V] = field(default_factory=QuietPeriods)
    _further: Bounded[str, tuple[Exchange, ...]] = field(default_factory=lambda: Bounded(KEPT_CODES))
    """The latest requests for each code after its end, each of which read something that no decision used."""

    def begin(self, code: str, since: float, why: V) -> None:
        """Expect the end of polling at ``since``, because of ``why``. The first reason stays."""
        if self._ends.since(code) is None:  # every poll before an expiry calls this
            self._ends.begin(code, since, why, **self._quiet(code))

    def since(self, code: str) -> tuple[float, V] | None:
        """Return the end of the code's polling and its reason, or None without one."""
        return self._ends.since(code)

    def forget(self, code: str) -> None:
        """Expect nothing of the code any more."""
        self._ends.end(code)
        self._further.pop(code)

    def judge(self, code: str, seen: Exchange) -> tuple[Exchange, V] | None:
        """Return the poll before this one and the reason of the end, if both came after it and are polling."""
        ended = self._ends.since(code)
        if ended is None or seen.wall <= ended[0] + self.in_progress_s:
            return None
        further = self._further.get(code) or ()
        if further and (allows_retry(further[-1]) or self.facts.polls.decided_since(seen, further[-1].wall)):
            further = ()  # nothing was read, which the rules on errors judge, or a playback needed it
        further = (*further, seen)[-STEADY_REQUESTS:]
        self._further.put(code, further)
        late = seen.wall > ended[0] + self.grace_s(code)
        if late and len(further) > 1 and (self._continues(code, *further[-2:]) or _is_steady(further)):
            self._ends.broken(code)
            return further[-2], ended[1]
        self._ends.extend(code, seen.wall, **self._quiet(code))
        return None

    def grace_s(self, code: str) -> float:
        """Return the seconds after the end within which polls are allowed: an interval, if there is a least one."""
        return max(self.least_grace_s, self.facts.polls.interval_s(code) * JITTER) if self.least_grace_s else 0.0

    def passed(self) -> Iterable[Outcome]:
        """Return one outcome for each code whose polling has ended."""
        if (code := self.facts.sessions.reissued) is not None:
            self.forget(code)
        return self._ends.passed(self.facts.now_s)

    def finish(self) -> Iterator[Outcome]:
        return self._ends.finish(self.facts.now_s)

    def _quiet(self, code: str) -> dict[str, float]:
        interval, grace = self.facts.polls.interval_s(code) * JITTER, self.grace_s(code)
        return {
            "quiet_s": grace + max(QUIET_S, interval),
            "quiet_at_end_s": max(grace, QUIET_AT_END_S, interval),
        }

    def _continues(self, code: str, before: Exchange, seen: Exchange) -> bool:
        return seen.wall - before.wall <= max(self.facts.polls.interval_s(code) * MISSED, SHORTEST_PAUSE_S)


def _is_steady(requests: tuple[Exchange, ...]) -> bool:
    """Return whether the requests are those of a poller that became slower: no viewer keeps such a rhythm."""
    gaps = [after.wall - before.wall for before, after in pairwise(requests)]
    return len(requests) == STEADY_REQUESTS and max(gaps) <= LONGEST_INTERVAL_S and are_alike(gaps)
