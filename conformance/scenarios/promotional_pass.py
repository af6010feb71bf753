"""Scenario: a viewer without a subscription watches with a promotional pass, which needs an identity."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class PromotionalPass(Scenario):
    id = "promotional-pass"
    title = "A viewer watches with a promotional pass"
    needs = frozenset({"login", "play", "temppass_identity"})

    async def play(self, context: ScenarioContext) -> None:
        await context.assign_pass(context.sample.promotional)
        started_s = context.now_s()
        await context.watch(context.sample.permitted)
        await context.require_request("decisions.authorize", started_s)
