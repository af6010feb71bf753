"""Polls that come too soon after another one, and how they differ from the look-ups of a second screen.

A look-up comes at any time between two polls, and rarely. The short gaps of a machine are many, or all alike.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, starmap
from statistics import fmean
from typing import NamedTuple

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import arrived_during
from pass_harness.conformance.facts.exchanges import allows_retry, ended
from pass_harness.conformance.facts.sessions import KEPT_CODES
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.verbs import RESTART
from pass_harness.mock_server.exchange import Exchange

ALIKE = 1.05
"""Factor between the longest and the shortest of gaps that are alike."""
MACHINE_GAPS = 3
"""Number of short gaps that are a machine's, if they are alike."""
MACHINE_SHARE = 2 / 3
"""Share of all short gaps that those of one machine have, at least."""
MACHINE_CODES = 1 / 4
"""Share of all codes polled more than once that have such a gap: look-ups are rare."""
NEAR = 0.6
"""Ratio of the gaps before and after a poll, at most, where the poll is a second poller's. One poller whose intervals
vary has gaps that differ less."""
UNEQUAL = 0.9
"""The same ratio for gaps that are all too short and alternate exactly."""
SAME_MOMENT_S = 0.05
"""Seconds between two polls of pollers that run in step, at most."""
SECONDS_WITH_VERBS = 3
"""Number of polls that seem to be a second poller's and that no verb explains, if no three polls come within one
interval: of three polls, two are the same poller's."""
PAIRS, PAIRS_WITHOUT_VERBS = 2, 3
"""Number of pairs of such polls that chance does not explain; a second screen may look a code up at any moment."""
KEPT_GAPS = 60
KEPT_CALLS = 4
"""Number of enter_code verbs of a code that are kept."""
WAIT_FOR_VERB_S = 10.0
"""Seconds to wait for the verb that explains a request: a verb is reported at its end."""


class Gap(NamedTuple):
    """Two requests for a code, one after the other."""

    before: Exchange
    after: Exchange

    @property
    def seconds(self) -> float:
        return self.after.wall - self.before.wall

    def overlaps(self, shortest_s: float) -> bool:
        """Return whether the second poll came too soon, while the first was in progress."""
        return self.seconds < shortest_s and self.after.wall < ended(self.before) and not allows_retry(self.before)

    @property
    def is_pair(self) -> bool:
        """Whether the polls came at the same moment, as those of two pollers in step do."""
        return self.seconds <= SAME_MOMENT_S and not allows_retry(self.before)


def are_alike(seconds: list[float]) -> bool:
    return max(seconds) <= min(seconds) * ALIKE


def are_spaced(polls: Sequence[Exchange], shortest_s: float) -> bool:
    """Return whether the two latest gaps keep the interval, as far as there are so many; False without a gap."""
    number = len(polls)
    return (
        number > 1
        and polls[-1].wall - polls[-2].wall >= shortest_s
        and (number == 2 or polls[-2].wall - polls[-3].wall >= shortest_s)
    )


def gap_of_second(polls: Sequence[Exchange], shortest_s: float) -> Gap | None:
    """Return the gap before the middle one of three polls, if that seems to be a second poller's."""
    before, second, after = polls
    gap, rest_s = Gap(before, second), after.wall - second.wall
    return gap if gap.seconds < shortest_s <= gap.seconds + rest_s and gap.seconds <= NEAR * rest_s else None


def second_series(polls: Sequence[Exchange], shortest_s: float, *, more_than: int) -> Sequence[Exchange]:
    """Return the polls if they are two series that keep the interval, and one poller does not explain them.

    The second series has ``more_than`` so many polls.
    """
    gaps = [after.wall - before.wall for before, after in pairwise(polls)]
    if all(gap >= shortest_s for gap in gaps[-2:]):
        return ()
    first, second = [polls[0]], list[Exchange]()
    for poll in polls[1:]:
        series = first if poll.wall - first[-1].wall >= shortest_s else second
        if series is second and second and poll.wall - second[-1].wall < shortest_s:
            return ()
        series.append(poll)
    if len(second) <= more_than:
        return ()
    pairs = [(gaps[nth - 1], gaps[nth]) for nth in range(1, len(gaps)) if polls[nth] in second]
    ratio = fmean(min(pair) / max(pair) for pair in pairs)
    alternate = max(gaps) < shortest_s and are_alike(gaps[::2]) and are_alike(gaps[1::2])
    return polls if ratio <= (UNEQUAL if alternate else NEAR) else ()


@dataclass
class Rhythm:
    """Short gaps of all codes, which show a rhythm if most of them are alike."""

    codes: int = 0
    """Number of codes that were polled more than once."""
    _gaps: deque[Gap] = field(default_factory=lambda: deque(maxlen=KEPT_GAPS))

    def add(self, gap: Gap) -> list[Gap]:
        """Add a gap. Return those that are a machine's together with it, if there are enough of them."""
        self._gaps.append(gap)
        ordered = sorted(self._gaps, key=lambda one: one.seconds)
        needed = max(MACHINE_GAPS, len(ordered) * MACHINE_SHARE, min(self.codes * MACHINE_CODES, KEPT_GAPS / 2))
        for start, first in enumerate(ordered):
            alike = [one for one in ordered[start:] if one.seconds <= first.seconds * ALIKE]
            if len(alike) >= needed and gap in alike:
                return sorted(alike, key=lambda one: one.after.wall)
        return []


@dataclass
class SecondPolls:
    """Gaps of all codes between a poll and the one that seems to be the second poller's."""

    driven: bool
    rhythm: Rhythm = field(default_factory=Rhythm)
    """Their rhythm, if the pollers keep one."""
    _gaps: deque[Gap] = field(default_factory=lambda: deque(maxlen=SECONDS_WITH_VERBS))
    _too_fast: bool = False
    """Whether three polls came within one interval, as those of a single poller that is too fast do."""

    def observe(self, polls: Sequence[Exchange], shortest_s: float) -> None:
        """Process the latest three polls of a code."""
        self._too_fast = self._too_fast or polls[-1].wall - polls[-3].wall < shortest_s

    def add(self, gap: Gap) -> Sequence[Gap]:
        """Add a gap that no verb explains. Return those that are a second poller's together with it."""
        self._gaps.append(gap)
        if self.driven and not self._too_fast and len(self._gaps) == SECONDS_WITH_VERBS:
            return tuple(self._gaps)
        return self.rhythm.add(gap)


@dataclass
class PairedPolls:
    """Pairs of polls at the same moment, a full interval apart, of all codes."""

    driven: bool
    _pairs: deque[Gap] = field(default_factory=lambda: deque(maxlen=PAIRS_WITHOUT_VERBS))
    _spaced: bool = False
    """Whether a pair had a full interval before or after it. One poller that is too fast has no such pair."""

    def latest(self, polls: Sequence[Exchange], shortest_s: float) -> Gap | None:
        """Return the two latest polls of a code if they are a pair."""
        at_once = [gap.is_pair for gap in starmap(Gap, pairwise(polls[-3:]))]
        if len(at_once) == 2 and at_once[0] != at_once[1]:
            first, second, third = polls[-3:]
            self._spaced = self._spaced or max(second.wall - first.wall, third.wall - second.wall) >= shortest_s
        return Gap(*polls[-2:]) if at_once in ([True], [False, True]) else None

    def add(self, pair: Gap) -> Sequence[Gap]:
        """Add a pair. Return the latest pairs if there are enough to show two pollers."""
        self._pairs.append(pair)
        enough = PAIRS if self.driven else PAIRS_WITHOUT_VERBS
        return [*self._pairs][-enough:] if self._spaced and len(self._pairs) >= enough else ()


@dataclass(slots=True)
class Spacing:
    """The polls of a code, with as few as possible left out so that the others keep the interval."""

    shortest_s: float
    kept: Exchange | None = None
    """The latest poll that keeps the interval."""
    latest: Exchange | None = None
    extras: tuple[Gap, ...] = ()
    """The polls left out, each with the one that it follows too soon."""
    gaps: int = 0
    """Number of gaps that were judged."""
    steady: tuple[Gap, ...] | None = ()
    """All gaps, as long as each is short and like the others; else None."""

    def add(self, seen: Exchange) -> Gap | None:
        """Add a poll; return the gap before it, or None where there is none to judge: the rules on errors judge
        what follows a failed poll."""
        latest, self.latest = self.latest, seen
        if latest is None or self.kept is None or allows_retry(latest):
            self.kept = seen
            return None
        gap = Gap(latest, seen)
        self.gaps += 1
        if self.steady is not None:
            steady = (*self.steady, gap)
            seconds = [one.seconds for one in steady]
            self.steady = steady if max(seconds) < self.shortest_s and are_alike(seconds) else None
        if seen.wall - self.kept.wall >= self.shortest_s:
            self.kept = seen
        else:
            self.extras = (*self.extras, Gap(self.kept, seen))[-KEPT_GAPS:]
        return gap


@dataclass
class SecondScreens:
    """Short gaps that the viewer's work on a second screen may explain, if a driver reports it as ``enter_code``.

    A restart explains a gap too: a poller that goes on after it does not know when it polled before.
    """

    _calls: Bounded[str, tuple[VerbCall, ...]] = field(default_factory=lambda: Bounded(KEPT_CODES))
    _restarts: deque[VerbCall] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    _doubted: deque[Gap] = field(default_factory=deque)

    def observe(self, call: VerbCall) -> None:
        if call.verb == "enter_code":
            code = str(call.arguments.get("code"))
            self._calls.put(code, (*(self._calls.get(code) or ()), call)[-KEPT_CALLS:])
        elif call.verb == RESTART:
            self._restarts.append(call)

    def explain(self, gap: Gap) -> bool:
        """Return whether a reported verb explains a gap: the viewer's work during a request, or a restart between."""
        during = any(one.started <= gap.after.wall and gap.before.wall <= one.ended for one in self._restarts)
        return during or self.caused(gap.before) or self.caused(gap.after)

    def caused(self, request: Exchange) -> bool:
        """Return whether a request for a code came during the viewer's work on a second screen."""
        return any(arrived_during(request, call) for call in self._calls.get(str(request.code)) or ())

    def doubt(self, gap: Gap) -> None:
        """Keep a gap until the verb that may explain it has been reported."""
        self._doubted.append(gap)

    def unexplained(self, now_s: float) -> Iterable[Gap]:
        """Return the gaps that no verb explained until now, each once; at the end of the trace, now is infinite."""
        return self._overdue(now_s) if self._doubted else ()

    def _overdue(self, now_s: float) -> Iterator[Gap]:
        while self._doubted and now_s > self._doubted[0].after.wall + WAIT_FOR_VERB_S:
            gap = self._doubted.popleft()
            if not self.explain(gap):
                yield gap
