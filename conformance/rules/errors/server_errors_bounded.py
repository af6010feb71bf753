"""A failed request is retried a limited number of times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.retry_series import REPEATABLE, TRIES, RetryLimit, RetrySeries, Series
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class ServerErrorsBounded(Rule):
    card = Card(
        id="errors.server-errors-bounded",
        title="The service retries a failed request at most three times, or with exponential backoff",
        grade=Grade.MUST,
        requirement="After a 5xx or a broken connection, the service repeats the request at most three times, or a "
        "limited number of times with growing pauses, and then answers the app. Polls that keep their interval are "
        "not repetitions. In a trace without verbs, further tries may be those of a viewer: they break the rule only "
        "if they come without a pause, or in a rhythm that is too fast and too steady for a viewer.",
        breaks="Retries multiply the load on a system that is already failing, and keep it down.",
        remedy="Try three times with a growing delay, then answer the app; let the viewer's next action try again.",
        kinds=("too-many-tries",),
        citations=(citations.CHECKLIST_HTTP_ERRORS, citations.ERRORS_HANDLING),
    )
    watches = REPEATABLE

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._failures = RetrySeries(facts.devices, expectations.min_poll_interval_s)
        self._limit = RetryLimit(facts.driven, expectations, _too_many)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        brought = self._failures.observe(seen)
        return self._judge(brought) if brought else NOTHING

    def _judge(self, brought: Iterable[tuple[Series, bool]]) -> Iterator[Outcome]:
        for tries, over in brought:
            yield from self._limit.over(tries) if over else self._limit.longer(tries)

    def finish(self) -> Iterator[Outcome]:
        for tries in self._failures.remaining():
            yield from self._limit.over(tries)
        yield from self._limit.finish()


def _too_many(tries: Series) -> Broken:
    last = tries[-1]
    return Broken(
        kind="too-many-tries",
        subject=last.endpoint,
        exchanges=tuple(exchange.id for exchange in tries),
        device=last.device,
        expected=f"at most {TRIES} tries of {last.method} {last.path}, or exponential backoff",
        observed=f"try {len(tries)} came {span(last.wall - tries[0].wall)} after the first",
    )
