"""The delay between retries grows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import is_server_failure
from pass_harness.conformance.facts.machine_rhythm import BACK_TO_BACK_S, FAST_S, alike
from pass_harness.conformance.facts.retry_series import REPEATABLE, RetrySeries, Series, pauses_s
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

MIN_SERIES = 2
"""Number of series of three tries below which jitter can hide or imitate growth."""
MIN_SERIES_WITHOUT_VERBS = 8
"""The same for a trace without verbs, where a pause may come from a viewer and not from the service."""
MIN_JITTERED_SERIES = 30
"""The same for pauses with full jitter, from zero to a growing limit: the second is often the shorter one."""
REGULAR_SHARE = 0.75
"""Share of the series, at least, with the median pauses in a trace without verbs: viewers have no common pause."""
GROWTH = 1.1
MAX_SERIES = 200


class ServerErrorsSpaced(Rule):
    card = Card(
        id="errors.server-errors-spaced",
        title="Each retry of a failed request waits longer than the one before",
        grade=Grade.SHOULD,
        requirement="After a 5xx or a broken connection, the service waits longer before the second retry than "
        "before the first. Jitter is allowed: the rule compares the medians over all series of three tries. It "
        f"needs two series with the same pauses, or {MIN_JITTERED_SERIES} with other ones; in a trace without verbs "
        f"{MIN_SERIES_WITHOUT_VERBS} with the same short pauses, because a viewer may have tried again.",
        breaks="The retries of all viewers come at the same time, and Adobe Pass has no time to recover.",
        remedy="Wait about half a second before the first retry and two or three times as long before the next, "
        "with some jitter.",
        kinds=("pauses-do-not-grow",),
        citations=(citations.AI_RULES_PERFORMANCE, citations.ERRORS_HANDLING),
    )
    watches = REPEATABLE

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._failures = RetrySeries(facts.devices, expectations.min_poll_interval_s)
        self._series: list[Series] = []
        self._told: Bounded[int, bool] = Bounded()
        """Failures whose Retry-After told the service how long to wait."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, Exchange) and is_server_failure(seen) and "retry-after" in seen.response_headers:
            self._told.put(seen.id, True)
        for tries, over in self._failures.observe(seen):
            if over and self._shows_pauses(tries) and len(self._series) < MAX_SERIES:
                self._series.append(tries)
        return NOTHING

    def _shows_pauses(self, tries: Series) -> bool:
        """Return whether the series has two pauses of the service's own, which the lag of the mock did not change."""
        if len(tries) < 3 or any(self._told.get(one.id) for one in tries[:2]):
            return False
        return all(one.lag_ms <= self.expectations.lag_limit_ms for one in tries[:3])

    def finish(self) -> Iterator[Outcome]:
        series = [*self._series, *filter(self._shows_pauses, self._failures.remaining())][:MAX_SERIES]
        if len(series) < (MIN_SERIES if self.facts.driven else MIN_SERIES_WITHOUT_VERBS):
            return
        pauses = [pauses_s(tries[:3]) for tries in series]
        first, second = (median(of_series[nth] for of_series in pauses) for nth in (0, 1))
        if second >= GROWTH * first and second > BACK_TO_BACK_S:
            yield from [HELD] * len(series)
            return
        regular = _is_regular(pauses, first, second)
        if not regular and (len(series) < MIN_JITTERED_SERIES or not self.facts.driven):
            return
        if not self.facts.driven and max(first, second) > FAST_S:
            return
        yield Broken(
            kind="pauses-do-not-grow",
            exchanges=tuple(exchange.id for tries in series[:3] for exchange in tries[:3]),
            device=series[0][-1].device,
            expected="a longer wait before the second retry than before the first",
            observed=f"{span(first)} before the first retry and {span(second)} before the second, "
            f"each from an answer to the next try, the medians of {len(series)} series",
        )


def _is_regular(pauses: Sequence[Sequence[float]], first: float, second: float) -> bool:
    """Return whether the medians are the pauses of the service itself."""
    regular = [alike(of_series[0], first) and alike(of_series[1], second) for of_series in pauses]
    return sum(regular) >= REGULAR_SHARE * len(regular)
