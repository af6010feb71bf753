"""The app gets an answer during an outage of Adobe Pass."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import is_server_failure
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class OutageAnswered(Rule):
    card = Card(
        id="errors.outage-answered",
        title="The app gets an answer even if Adobe Pass gives none",
        grade=Grade.OWN,
        requirement="When Adobe Pass fails, breaks connections or does not respond at all, the app still gets an "
        "answer within 10 s: from the data that the service has, or with the advice to try later.",
        breaks="Apps hang on their splash screen, and waiting requests accumulate until the service fails too.",
        remedy="Give every call to Adobe Pass a timeout and every request of an app a deadline below 10 s.",
        kinds=("no-answer", "late-answer"),
        citations=(citations.CHECKLIST_HTTP_ERRORS, citations.ERRORS_HANDLING),
        needs=frozenset({"login", "status", "play"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            return
        under_way = self.facts.devices.during(seen)
        faults = [exchange for exchange in under_way if is_server_failure(exchange)]
        if not faults:
            return
        # From the first failing call on: on busy cores the verb may have waited for the service's process.
        began = max(seen.started, min(exchange.wall for exchange in faults))
        took, limit = seen.ended - began, self.expectations.answer_within_s
        if seen.status != 0 and took <= limit:
            yield HELD
            return
        # Lags of several calls add up. An answer that is missing early may be a timeout of the driver: no margin.
        lags_s = max(sum(exchange.lag_ms for exchange in under_way), seen.lag_ms) / 1000
        broken = Broken(
            kind="no-answer" if seen.status == 0 else "late-answer",
            subject=seen.verb,
            exchanges=tuple(exchange.id for exchange in faults),
            device=seen.device,
            expected=f"an answer to {seen.verb} within {limit:g} s",
            observed=f"no answer after {span(took)}" if seen.status == 0 else f"an answer after {span(took)}",
            margin_s=took - limit if took - limit > lags_s else 0.0,
        )
        yield timed(self.expectations, broken, *under_way, slack=broken.margin_s)
