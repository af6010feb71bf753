"""The delay between retries grows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import median

from pass_harness.conformance.facts.exchanges import ended
from pass_harness.conformance.facts.retry_series import REPEATABLE, RetrySeries, Series
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity

MIN_SERIES = 2
"""Number of series of three tries below which jitter can hide or imitate growth."""
MIN_SERIES_WITHOUT_VERBS = 8
"""The same for a trace without verbs, where a pause may come from a viewer and not from the service."""
GROWTH = 1.1
MAX_SERIES = 200


class ServerErrorsSpaced(Rule):
    card = Card(
        id="errors.server-errors-spaced",
        title="Each retry of a failed request waits longer than the one before",
        severity=Severity.SHOULD,
        requirement="After a 5xx or a broken connection, the service waits longer before the second retry than "
        "before the first. Jitter is allowed: the rule compares the medians over all series of three tries. It "
        f"needs two series, or {MIN_SERIES_WITHOUT_VERBS} in a trace without verbs.",
        breaks="The retries of all viewers come at the same time, and Adobe Pass has no time to recover.",
        remedy="Wait about half a second before the first retry and two or three times as long before the next, "
        "with some jitter.",
        kinds=("pauses-do-not-grow",),
        citations=(citations.ERRORS_HANDLING, citations.CHECKLIST_HTTP_ERRORS),
    )
    watches = REPEATABLE

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._failures = RetrySeries(expectations.min_poll_interval_s, longest=3)
        self._series: list[Series] = []

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        for tries, over in self._failures.observe(seen):
            if over and len(tries) == 3 and len(self._series) < MAX_SERIES:
                self._series.append(tries)
        return NOTHING

    def finish(self) -> Iterator[Outcome]:
        series = [*self._series, *(tries for tries in self._failures.remaining() if len(tries) == 3)][:MAX_SERIES]
        if len(series) < (MIN_SERIES if self._failures.driven else MIN_SERIES_WITHOUT_VERBS):
            return
        first, second = (median(_delay(tries, nth) for tries in series) for nth in (1, 2))
        if second >= GROWTH * first:
            yield from [HELD] * len(series)
            return
        yield Broken(
            kind="pauses-do-not-grow",
            exchanges=tuple(exchange.id for tries in series[:3] for exchange in tries),
            device=series[0][-1].device,
            expected="a longer wait before the second retry than before the first",
            observed=f"{first:.2f} s before the first retry and {second:.2f} s before the second, "
            f"the medians of {len(series)} series",
        )


def _delay(tries: Series, nth: int) -> float:
    return tries[nth].wall - ended(tries[nth - 1])
