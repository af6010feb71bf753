"""Undocumented parameters and headers are not sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from pass_harness.conformance.facts.documented_requests import PARAMETERS, sent_parameters, unlisted_headers
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.version1 import version1_of
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

KEPT = 100
"""Number of calls of V1 kept until the first one of V2."""


class OnlyDocumented(Rule):
    card = Card(
        id="headers.only-documented",
        title="The service sends only documented parameters and headers",
        grade=Grade.MUST,
        requirement="A request carries only the parameters and Adobe headers that the page of its endpoint lists, in "
        "REST API V2 and in Dynamic Client Registration, and nothing is left over from REST API V1, neither "
        "parameters nor calls.",
        breaks="Adobe Pass ignores undocumented parameters and headers today and may reject them tomorrow.",
        remedy="Remove the parameters and headers that the endpoint's page does not list, and replace calls of REST "
        "API V1 by their successors in V2.",
        kinds=("header-not-listed", "parameter-not-listed", "call-of-v1"),
        citations=(citations.CHECKLIST_API_REFERENCES, citations.CHECKLIST_REUSE_CODE),
    )
    compares_times = False
    watches = frozenset(PARAMETERS) | {""}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._version1: deque[Broken] = deque(maxlen=KEPT)
        """Calls of V1 before the first one of V2. Traffic of V1 alone is not judged."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        if seen.endpoint not in PARAMETERS:
            return NOTHING if seen.endpoint else self._of_version1(seen)
        headers = unlisted_headers(tuple(seen.request_headers), seen.endpoint)
        sends_any = seen.query or seen.request_body
        parameters = sent_parameters(seen).difference(PARAMETERS[seen.endpoint]) if sends_any else ()
        if not headers and not parameters:
            return (*self._beside_v2(), HELD) if self._version1 else ONE_HELD
        unknown = [*(f"header {name}" for name in headers), *(f"parameter {name}" for name in sorted(parameters))]
        return (
            *self._beside_v2(),
            Broken(
                kind="header-not-listed" if headers else "parameter-not-listed",
                subject=", ".join([*sorted(headers), *sorted(parameters)][:10]),
                exchanges=(seen.id,),
                device=seen.device,
                expected="only the parameters and headers that the API page lists",
                observed=", ".join(unknown[:10]),
            ),
        )

    def _of_version1(self, seen: Exchange) -> Iterable[Outcome]:
        prefix = version1_of(seen.path)
        if prefix is None:
            return NOTHING
        call = Broken(
            kind="call-of-v1",
            subject=prefix,
            exchanges=(seen.id,),
            device=seen.device,
            expected="calls of REST API V2 alone",
            observed=f"{seen.method} {seen.path}",
        )
        if self.facts.version1.beside_v2:
            return (call,)
        self._version1.append(call)
        return NOTHING

    def _beside_v2(self) -> tuple[Broken, ...]:
        """Return the earlier calls of V1 once there is one of V2."""
        if not self.facts.version1.beside_v2:
            return ()
        found = tuple(self._version1)
        self._version1.clear()
        return found
