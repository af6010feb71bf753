"""Faults of Adobe Pass are met with few retries."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import citations
from conformance.facts.actions import names
from conformance.facts.exchanges import DCR, NEEDS_TOKEN, ended, signature
from conformance.observation import Observation, VerbCall
from conformance.rule import HELD, Bounded, Broken, Card, Expectations, Outcome, Rule, Severity
from mock_server.exchange import Exchange

TRIES = 3
IN_A_ROW = 6.0
"""Seconds between two tries of one series: the growing delays of a few tries stay below."""


class ServerErrorsBounded(Rule):
    card = Card(
        id="errors.server-errors-bounded",
        title="A request that failed is tried three times at most",
        severity=Severity.MUST,
        requirement="After a 5xx or a broken connection a request is repeated at most twice, then the app is told. "
        "Polls that keep their interval are not repetitions.",
        breaks="Retries multiply the load on a system that is already in trouble, and it stays down.",
        remedy="Try three times with a growing delay, then answer the app; let the viewer's next action try again.",
        citations=(citations.CHECKLIST_HTTP_ERRORS, citations.ERRORS_HANDLING),
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._failed: Bounded[tuple[str, ...], list[Exchange]] = Bounded()
        self._acted: Bounded[str, float] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            for name in names(seen):
                self._acted.put(name, seen.ended)
        elif seen.endpoint in NEEDS_TOKEN or seen.endpoint.startswith("dcr."):
            yield from self._asked(seen)

    def finish(self) -> Iterator[Outcome]:
        for key in self._failed:
            if len(self._failed.get(key) or ()) <= TRIES:
                yield HELD

    def _asked(self, seen: Exchange) -> Iterator[Outcome]:
        key = signature(seen)
        tries = self._failed.pop(key) or []
        if tries and not self._is_retry(tries[-1], seen):
            yield HELD
            tries = []
        tries = [*tries, seen][: TRIES + 2]
        if len(tries) == TRIES + 1:
            yield Broken(
                exchanges=tuple(exchange.id for exchange in tries),
                device=seen.device,
                expected=f"at most {TRIES} tries of {seen.method} {seen.path}",
                observed=f"try {len(tries)} came {seen.wall - tries[0].wall:.1f} s after the first",
            )
        if seen.status == 0 or seen.status >= 500:
            self._failed.put(key, tries)
        elif 1 < len(tries) <= TRIES:
            yield HELD

    def _is_retry(self, failed: Exchange, seen: Exchange) -> bool:
        polls = seen.endpoint == "profiles.code" and seen.wall - failed.wall >= self.expectations.poll_interval
        acted = max(self._acted.get(name) or 0.0 for name in names(seen))
        return not polls and acted < failed.wall and seen.wall - ended(failed) <= IN_A_ROW
