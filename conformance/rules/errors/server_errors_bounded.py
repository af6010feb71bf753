"""Faults of Adobe Pass are met with few retries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from pass_harness.conformance.facts.exchanges import ended
from pass_harness.conformance.facts.retry_series import REPEATABLE, RetrySeries, Series
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.conformance.rules.retries import BY_ITSELF

TRIES = 3
STEADY = 1.2
"""How much longer than the shortest pause the longest of a steady rhythm is."""


class ServerErrorsBounded(Rule):
    card = Card(
        id="errors.server-errors-bounded",
        title="A request that failed is tried three times at most",
        severity=Severity.MUST,
        requirement="After a 5xx or a broken connection a request is repeated at most twice, then the app is told. "
        "Polls that keep their interval are not repetitions. Where nobody tells of what viewers do, the fourth try "
        f"is a breach if it comes within {BY_ITSELF:g} s, or in a steady rhythm: it may be a viewer who tries again.",
        breaks="Retries multiply the load on a system that is already in trouble, and it stays down.",
        remedy="Try three times with a growing delay, then answer the app; let the viewer's next action try again.",
        kinds=("too-many-tries",),
        citations=(citations.CHECKLIST_HTTP_ERRORS, citations.ERRORS_HANDLING),
    )
    watches = REPEATABLE

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._failures = RetrySeries(expectations.poll_interval, longest=TRIES + 2)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        brought = self._failures.observe(seen)
        return self._judge(brought, seen) if brought else NOTHING

    def _judge(self, brought: Iterable[tuple[Series, bool]], seen: Observation) -> Iterator[Outcome]:
        for tries, over in brought:
            # The fourth try is told once, and so is what follows it.
            if len(tries) == TRIES + 1 and seen is tries[-1]:
                if self._failures.driven or _by_itself(tries):
                    yield _too_many(tries)
            elif over and len(tries) <= TRIES:
                yield HELD

    def finish(self) -> Iterator[Outcome]:
        for tries in self._failures.rest():
            if len(tries) <= TRIES:
                yield HELD


def _by_itself(tries: Series) -> bool:
    """Whether no viewer was behind the last try."""
    pauses = [later.wall - ended(earlier) for earlier, later in pairwise(tries)]
    return pauses[-1] <= BY_ITSELF or max(pauses) <= STEADY * min(pauses)


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
