"""Top-level errors and item-level errors are both handled."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import service_failed
from pass_harness.conformance.facts.breaker import MAY_BE_OPEN
from pass_harness.conformance.facts.documented import unknown_codes, unknown_members
from pass_harness.conformance.facts.exchanges import allows_retry, answer, decisions, denial, errors
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

TOP, ITEM = "top-level", "item-level"
"""Names of the two forms, in sentences and as subjects of findings."""


class TopLevelAndItemLevel(Rule):
    card = Card(
        id="errors.top-level-and-item-level",
        title="The service handles errors of a whole request and errors of single decisions",
        grade=Grade.MUST,
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
    watches = frozenset[str]()

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._seen: set[str] = set()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall) or seen.verb not in {"play", "preauthorize"}:
            return
        asked = "decisions.authorize" if seen.verb == "play" else "decisions.preauthorize"
        answers = self.facts.devices.during(seen, asked)
        if not answers or any(map(_of_other_rules, answers)):
            return
        if seen.verb == "play" and any(map(_permits, answers)):
            return
        form = _form(answers[-1])
        if form is None:
            return
        self._seen.add(form)
        wrong = _wrong(seen)
        if wrong is not None and wrong.kind == "service-failed" and self._may_be_held_back(seen, answers[-1]):
            yield Unclear(reason=MAY_BE_OPEN, exchanges=tuple(exchange.id for exchange in answers))
        elif wrong is not None:
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

    def _may_be_held_back(self, call: VerbCall, last: Exchange) -> bool:
        """Return whether a circuit breaker may have stopped the retry that the last response allows."""
        allowed = any(error.get("action") == "retry" for error in errors(last))
        return allowed and self.facts.breaker.may_open(call.started, call.ended)


def _of_other_rules(exchange: Exchange) -> bool:
    return allows_retry(exchange) or bool(unknown_members(exchange) or unknown_codes(exchange))


def _permits(exchange: Exchange) -> bool:
    return any(decision.get("authorized") is True for decision in decisions(exchange))


def _form(exchange: Exchange) -> str | None:
    if exchange.status >= 400:
        return TOP if "code" in answer(exchange) else None
    return ITEM if any(denial(decision) for decision in decisions(exchange)) else None


def _wrong(call: VerbCall) -> Fault | None:
    if call.verb == "play" and call.returns.get("allowed") is True:
        return Fault("allowed-to-play", "the app was allowed to play")
    return Fault("service-failed", f"the verb {call.verb} failed: {call.failure}") if service_failed(call) else None
