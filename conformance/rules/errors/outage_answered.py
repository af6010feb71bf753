"""An app is answered while Adobe Pass is out of order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from conformance import citations
from conformance.facts.actions import Recent
from conformance.facts.exchanges import out_of_order
from conformance.observation import Observation, VerbCall
from conformance.rule import HELD, Broken, Card, Expectations, Outcome, Rule, Severity, Unclear

KEPT_LAGS = 1_000


class OutageAnswered(Rule):
    card = Card(
        id="errors.outage-answered",
        title="The app gets an answer although Adobe Pass does not give one",
        severity=Severity.MUST,
        requirement="When Adobe Pass fails, breaks connections or does not answer at all, the app still gets an "
        "answer within 10 s: what the service knows by itself, or that it should try later.",
        breaks="Apps hang on their splash screen, and waiting requests pile up until the service falls too.",
        remedy="Give every call to Adobe Pass a timeout and every request of an app a deadline below 10 s.",
        citations=(citations.CHECKLIST_HTTP_ERRORS, citations.ERRORS_HANDLING),
        needs=frozenset({"login", "status", "play"}),
        judges_app=True,
    )

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._faults = Recent()
        self._lags: deque[tuple[float, float]] = deque(maxlen=KEPT_LAGS)
        """When requests arrived lately, and the seconds that the mock was late with each."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.lag_ms:
                self._lags.append((seen.wall, seen.lag_ms / 1000))
            if out_of_order(seen):
                self._faults.add(seen)
            return
        faults = self._faults.during(seen)
        if not faults:
            return
        took, limit = seen.ended - seen.started, self.expectations.answer_within
        if seen.status != 0 and took <= limit:
            yield HELD
            return
        # A call for the app may wait for calls of others too, as for the access token that all share.
        lagged = sum(lag for wall, lag in self._lags if seen.started <= wall <= seen.ended)
        if seen.status != 0 and took - lagged <= limit:
            yield Unclear(
                reason="the mock's event loop lagged by what the answer was late",
                exchanges=tuple(exchange.id for exchange in faults),
            )
            return
        yield Broken(
            exchanges=tuple(exchange.id for exchange in faults),
            device=seen.device,
            expected=f"an answer to {seen.verb} within {limit:g} s",
            observed=f"none after {took:.1f} s" if seen.status == 0 else f"one after {took:.1f} s",
        )
