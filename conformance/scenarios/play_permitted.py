"""Scenario: a logged-in viewer browses a long list and plays a permitted resource twice."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError
from pass_harness.conformance.scenarios.scenario import Scenario


class PlayPermitted(Scenario):
    id = "play-permitted"
    title = "A viewer browses and plays resources of the subscription"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.do_if_mapped("start")
        await context.log_in()
        for _ in range(2):
            await context.do_if_mapped("preauthorize", resources=list(context.sample.all))
        for _ in range(2):
            call = await context.watch(context.sample.permitted)
            if call.failure is not None:
                raise ScenarioError(f"the verb play failed: {call.failure}")
            if not call.returns.get("allowed"):
                raise ScenarioError(
                    f"{context.sample.permitted} was denied, although the mock's catalogue permits it: {call.returns}"
                )
