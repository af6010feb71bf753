"""An authorize request names no more resources than agreed."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.facts.resource_limits import within_limit
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class SingleResource(Rule):
    card = Card(
        id="authorization.single-resource",
        title="An authorize request names no more resources than agreed",
        grade=Grade.MUST,
        requirement="One authorize request names at most as many resources as were agreed with the TV providers, "
        "usually 1. A larger request that Adobe Pass decides is within the agreed limit.",
        breaks="The request fails with too_many_resources, and nothing plays.",
        remedy="Authorize only the resource that the viewer wants to play.",
        kinds=("too-many-resources",),
        citations=(citations.FAQ_AUTHORIZATION_LIMIT, citations.COOKBOOK_AUTHORIZE),
        needs=frozenset({"play"}),
    )
    compares_times = False
    watches = frozenset({"decisions.authorize"})

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or seen.endpoint != "decisions.authorize":
            return NOTHING
        return within_limit(seen, self.expectations.authorize_limit)
