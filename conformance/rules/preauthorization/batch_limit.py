"""A preauthorize request names no more resources than agreed."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.facts.resource_limits import within_limit
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class BatchLimit(Rule):
    card = Card(
        id="preauthorization.batch-limit",
        title="A preauthorize request names no more resources than agreed",
        grade=Grade.MUST,
        requirement="One request names at most as many resources as were agreed with the TV providers, usually 5. "
        "The service splits longer lists. A larger request that Adobe Pass decides is within the agreed limit.",
        breaks="The whole request fails with too_many_resources, and the app has nothing to show.",
        remedy="Split the list of resources into requests of at most 5.",
        kinds=("too-many-resources",),
        citations=(citations.FAQ_PREAUTHORIZATION_LIMIT, citations.COOKBOOK_PREAUTHORIZE),
        needs=frozenset({"preauthorize"}),
    )
    compares_times = False
    watches = frozenset({"decisions.preauthorize"})

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or seen.endpoint != "decisions.preauthorize":
            return NOTHING
        return within_limit(seen, self.expectations.preauthorize_limit)
