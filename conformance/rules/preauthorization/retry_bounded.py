"""Preauthorizations are retried a limited number of times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import denial, denials
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade
from pass_harness.conformance.rules.retries import NotRepeated, RetryBounded
from pass_harness.mock_server.exchange import Exchange

FINAL = frozenset({"none", "configuration"})


class PreauthorizationRetryBounded(RetryBounded):
    endpoint = "decisions.preauthorize"
    watches = frozenset({endpoint})
    card = Card(
        id="preauthorization.retry-bounded",
        title="The service retries a preauthorization at most three times, or with exponential backoff",
        grade=Grade.MUST,
        requirement="The service requests a decision again only if its error has the action retry, and only for the "
        "resources with that action: at most three times, or a limited number of times with exponential backoff.",
        breaks="While a TV provider has a failure, endless retries prolong it.",
        remedy="After an error with the action retry, request those resources again two or three times, then "
        "give up.",
        kinds=("too-many-tries", "decided-asked-again"),
        citations=(citations.CHECKLIST_PREAUTHORIZATION_RETRY, citations.ERRORS_HANDLING),
    )

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._denied = _Denied(expectations, facts)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        found = super().observe(seen)
        if not self.facts.driven:
            return found  # the viewer may have opened the catalogue again
        again = _findings(self._denied.observe(seen))
        return [*found, *again] if again else found

    def finish(self) -> Iterator[Outcome]:
        yield from super().finish()
        yield from _findings(self._denied.finish())


class _Denied(NotRepeated):
    """Requests of which every denial is final: for the part of the rule that is not about the number of tries."""

    def is_final(self, exchange: Exchange) -> bool:
        actions = {denial(decision).get("action", "none") for decision in denials(exchange)}
        return exchange.endpoint == "decisions.preauthorize" and bool(actions) and actions <= FINAL

    def repeated(self, final: Exchange, seen: Exchange) -> Broken:
        return Broken(
            kind="decided-asked-again",
            exchanges=(final.id, seen.id),
            device=seen.device,
            expected="no retry of a request whose denials are final",
            observed=f"the same resources were requested again {span(seen.wall - final.wall)} later",
        )


def _findings(outcomes: Iterable[Outcome]) -> list[Broken]:
    return [outcome for outcome in outcomes if isinstance(outcome, Broken)]
