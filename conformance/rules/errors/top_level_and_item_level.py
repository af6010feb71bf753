"""Top-level errors and item-level errors are both handled."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import RecentExchanges, service_failed
from pass_harness.conformance.facts.documented import unknown_codes, unknown_members
from pass_harness.conformance.facts.exchanges import DECISIONS, allows_retry, answer, decisions, denial
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

TOP, ITEM = "top-level", "item-level"
"""Names of the two forms, in sentences and as subjects of findings."""


class TopLevelAndItemLevel(Rule):
    card = Card(
        id="errors.top-level-and-item-level",
        title="The service handles errors of a whole request and errors of single decisions",
        severity=Severity.MUST,
        requirement="An error is at the top level of a 4xx response, or inside a decision of a 200. The service "
        "handles both: the app gets a denial or an explanation, neither a permit nor a failure. The rule passes "
        "only after both forms were seen.",
        breaks="A denial inside a 200 plays, or a rejected request ends in a crash that explains nothing to the "
        "viewer.",
        remedy="Check the status first and then each decision, and handle both errors by their action.",
        kinds=("allowed-to-play", "service-failed"),
        citations=(citations.ERRORS_HANDLING, citations.CHECKLIST_HTTP_ERRORS),
        needs=frozenset({"login", "status", "play"}),
        judges_app=True,
    )
    watches = DECISIONS

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._answers = RecentExchanges()
        self._seen: set[str] = set()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint in DECISIONS:
                self._answers.add(seen)
            return
        answers = self._answers.during(seen)
        if seen.verb not in {"play", "preauthorize"} or not answers or any(map(_of_other_rules, answers)):
            return
        form = _form(answers[-1])
        if form is None:
            return
        self._seen.add(form)
        wrong = _wrong(seen)
        if wrong is not None:
            yield Broken(
                kind=wrong.kind,
                subject=f"{form} {seen.verb}",
                exchanges=tuple(exchange.id for exchange in answers),
                device=seen.device,
                expected=f"a denial or an explanation as the answer to {seen.verb}, made from the {form} error",
                observed=wrong.observed,
            )
        elif self._seen == {TOP, ITEM}:
            yield HELD


def _of_other_rules(exchange: Exchange) -> bool:
    return allows_retry(exchange) or bool(unknown_members(exchange) or unknown_codes(exchange))


def _form(exchange: Exchange) -> str | None:
    if exchange.status >= 400:
        return TOP if "code" in answer(exchange) else None
    return ITEM if any(denial(decision) for decision in decisions(exchange)) else None


def _wrong(call: VerbCall) -> Fault | None:
    if call.verb == "play" and call.returns.get("allowed") is True:
        return Fault("allowed-to-play", "the app was allowed to play")
    return Fault("service-failed", f"the verb {call.verb} failed: {call.failure}") if service_failed(call) else None
