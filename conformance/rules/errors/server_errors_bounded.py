"""A failed request is retried a limited number of times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from pass_harness.conformance.facts.exchanges import ended
from pass_harness.conformance.facts.retry_series import REPEATABLE, RetrySeries, Series
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.conformance.rules.retries import AUTOMATIC_WITHIN_S

TRIES = 3
STEADY_RATIO = 1.2
"""Ratio of the longest to the shortest pause, at most, in a steady rhythm."""


class ServerErrorsBounded(Rule):
    card = Card(
        id="errors.server-errors-bounded",
        title="The service tries a failed request at most three times",
        severity=Severity.MUST,
        requirement="After a 5xx or a broken connection, the service repeats the request at most twice and then "
        "answers the app. Polls that keep their interval are not repetitions. In a trace without verbs, the fourth "
        f"try may be a viewer who tries again, so it breaks the rule only if it comes within {AUTOMATIC_WITHIN_S:g} "
        "s or in a steady rhythm.",
        breaks="Retries multiply the load on a system that is already failing, and keep it down.",
        remedy="Try three times with a growing delay, then answer the app; let the viewer's next action try again.",
        kinds=("too-many-tries",),
        citations=(citations.CHECKLIST_HTTP_ERRORS, citations.ERRORS_HANDLING),
    )
    watches = REPEATABLE

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._failures = RetrySeries(expectations.min_poll_interval_s, longest=TRIES + 2)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        brought = self._failures.observe(seen)
        return self._judge(brought, seen) if brought else NOTHING

    def _judge(self, brought: Iterable[tuple[Series, bool]], seen: Observation) -> Iterator[Outcome]:
        for tries, over in brought:
            # Tries after the fourth belong to the same finding.
            if len(tries) == TRIES + 1 and seen is tries[-1]:
                if self._failures.driven or _is_automatic(tries):
                    yield _too_many(tries)
            elif over and len(tries) <= TRIES:
                yield HELD

    def finish(self) -> Iterator[Outcome]:
        for tries in self._failures.remaining():
            if len(tries) <= TRIES:
                yield HELD


def _is_automatic(tries: Series) -> bool:
    """Return whether the service made the last try without a viewer."""
    pauses = [later.wall - ended(earlier) for earlier, later in pairwise(tries)]
    return pauses[-1] <= AUTOMATIC_WITHIN_S or max(pauses) <= STEADY_RATIO * min(pauses)


def _too_many(tries: Series) -> Broken:
    last = tries[-1]
    return Broken(
        kind="too-many-tries",
        subject=last.endpoint,
        exchanges=tuple(exchange.id for exchange in tries),
        device=last.device,
        expected=f"at most {TRIES} tries of {last.method} {last.path}",
        observed=f"try {len(tries)} came {last.wall - tries[0].wall:.1f} s after the first",
    )
