"""Preauthorizations are retried a limited number of times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import answered_before, denial, denials, resources, signature
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade
from pass_harness.conformance.rules.retries import NotRepeated, RetryBounded
from pass_harness.mock_server.exchange import Exchange

FINAL = frozenset({"none", "configuration", "authentication"})


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
        again = _findings(self._denied.observe(seen))
        if isinstance(seen, VerbCall) and seen.verb == "preauthorize":
            again += self._parts_again(seen)
        return [*found, *again] if again else found

    def _parts_again(self, call: VerbCall) -> Iterator[Broken]:
        """Yield a finding if the service requests the denied resources of an earlier request alone again."""
        wanted = call.arguments.get("resources")
        asked = self.facts.devices.caused(call, self.endpoint)
        for before, seen in combinations(asked, 2):
            denied = _denied(before) if before.mvpd == seen.mvpd and answered_before(before, seen) else set()
            again = denied.intersection(resources(seen)) if signature(before) != signature(seen) else set()
            if again and (not isinstance(wanted, list) or all(wanted.count(name) == 1 for name in again)):
                yield _again(before, seen, "no retry of resources whose denial is final", min(again))
                return

    def finish(self) -> Iterator[Outcome]:
        yield from super().finish()
        yield from _findings(self._denied.finish())


class _Denied(NotRepeated):
    """Requests of which every denial is final: for the part of the rule that is not about the number of tries."""

    viewers_repeat_once = True  # the viewer may have opened the catalogue again

    def is_final(self, exchange: Exchange) -> bool:
        actions = {denial(decision).get("action", "none") for decision in denials(exchange)}
        return exchange.endpoint == "decisions.preauthorize" and bool(actions) and actions <= FINAL

    def repeated(self, final: Exchange, seen: Exchange) -> Broken:
        return _again(final, seen, "no retry of a request whose denials are final", "the same resources")


def _denied(exchange: Exchange) -> set[str]:
    """Return the resources with a final denial, if there is nothing to retry in the response."""
    actions = {
        str(decision.get("resource")): denial(decision).get("action", "none") for decision in denials(exchange)
    }
    return set(actions) if FINAL.issuperset(actions.values()) else set()


def _again(before: Exchange, seen: Exchange, expected: str, what: str) -> Broken:
    return Broken(
        kind="decided-asked-again",
        exchanges=(before.id, seen.id),
        device=seen.device,
        expected=expected,
        observed=f"{what} requested again {span(seen.wall - before.wall)} later",
    )


def _findings(outcomes: Iterable[Outcome]) -> list[Broken]:
    return [outcome for outcome in outcomes if isinstance(outcome, Broken)]
