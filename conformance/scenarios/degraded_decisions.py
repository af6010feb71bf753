"""Scenario: degradation rules of Adobe Pass permit every resource, and then deny every resource."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class DegradedDecisions(Scenario):
    id = "degraded-decisions"
    title = "Degraded access permits every resource, then denies every resource"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        permitting = await context.behave({"degradation": "AuthZAll"}, endpoint="decisions.*")
        # The TV provider denies this resource; the rule permits it.
        await context.watch(context.sample.denied)
        await context.require_effect(permitting)
        await context.clear_behaviours()
        denying = await context.behave({"degradation": "AuthZNone"}, endpoint="decisions.*")
        await context.watch(context.sample.permitted)
        await context.require_effect(denying)
        await context.do("status")
