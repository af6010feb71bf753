"""In a lasting outage the service calls Adobe Pass less often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, is_server_failure
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

LASTING_S = 6.0
"""Seconds without a successful response after which an outage counts as lasting."""
MIN_CALLS = 8
"""Number of calls in the first third of an outage below which the rule does not judge."""
FALL_RATIO = 0.5
EVIDENCE = 10


@dataclass
class _Outage:
    began: float
    calls: Counter[int] = field(default_factory=Counter)
    """Number of calls by tenth of a second since the beginning of the outage."""
    asked: Counter[int] = field(default_factory=Counter)
    """Number of verbs by tenth of a second."""
    latest: tuple[int, ...] = ()

    def tenth(self, moment: float) -> int:
        return int((moment - self.began) * 10)


class CircuitBreaker(Rule):
    card = Card(
        id="errors.circuit-breaker",
        title="In a lasting outage the service calls Adobe Pass less often",
        severity=Severity.SHOULD,
        requirement="After several seconds in which every call failed, the service stops calling Adobe Pass for "
        "every viewer and only probes now and then whether it is back: in the last third of the outage it calls at "
        "most half as often as in the first. With a driver, only an outage with steady demand is judged.",
        breaks="Adobe Pass gets the full load of the audience at the moment it tries to recover.",
        remedy="Put a circuit breaker in front of the calls: open it after some failures in a row, let one probe "
        "through every few seconds, and close it on success.",
        kinds=("rate-stayed-high",),
        citations=(citations.COOKBOOK_ENVIRONMENTS, citations.ERRORS_HANDLING),
        needs=frozenset({"login", "status", "play"}),
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._outage: _Outage | None = None
        self._last = 0.0
        """Start of the last verb or, without a driver, arrival of the last call, in seconds."""
        self._driven = False

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            self._driven = True
            self._last = max(self._last, seen.started)
            if self._outage is not None:
                self._outage.asked[self._outage.tenth(seen.started)] += 1
            return NOTHING
        outcomes: Iterable[Outcome] = NOTHING
        if is_server_failure(seen):
            self._failed(seen)
        elif self._outage is not None and seen.status != 429:
            outcomes = self._over(self._outage, self._last)
            self._outage = None
        if not self._driven and seen.wall > self._last:
            self._last = seen.wall
        return outcomes

    def finish(self) -> Iterator[Outcome]:
        if self._outage is not None:
            yield from self._over(self._outage, self._last)

    def _failed(self, seen: Exchange) -> None:
        outage = self._outage or _Outage(seen.wall)
        outage.calls[outage.tenth(seen.wall)] += 1
        outage.latest = (*outage.latest, seen.id)[-EVIDENCE:]
        self._outage = outage

    def _over(self, outage: _Outage, ended: float) -> Iterator[Outcome]:
        third = outage.tenth(ended) / 3
        first, last = (_between(outage.calls, start, start + third) for start in (0, 2 * third))
        asked_first, asked_last = (_between(outage.asked, start, start + third) for start in (0, 2 * third))
        steady = not self._driven or asked_last >= FALL_RATIO * asked_first
        if ended - outage.began < LASTING_S or first < MIN_CALLS or not steady:
            return
        if last <= FALL_RATIO * first:
            yield HELD
            return
        yield Broken(
            kind="rate-stayed-high",
            exchanges=outage.latest,
            device=None,
            expected=f"at most half of the {first} calls in the first third of the outage of {third / 10 * 3:.1f} s",
            observed=f"{last} calls in the last third",
        )


def _between(counts: Counter[int], start: float, end: float) -> int:
    return sum(count for tenth, count in counts.items() if start <= tenth < end)
