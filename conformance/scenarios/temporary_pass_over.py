"""Scenario: the time of a temporary pass is over, and the viewer logs in."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

TIME_IS_OVER = "temporary_access_duration_limit_exceeded"


class TemporaryPassOver(Scenario):
    id = "temporary-pass-over"
    title = "A temporary pass ends, and the viewer logs in with a TV provider"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.assign_pass(context.sample.temporary)
        await context.watch(context.sample.permitted)
        over = await context.behave({"deny": {"code": TIME_IS_OVER}}, endpoint="decisions.*")
        await context.ask("play", resource=context.sample.permitted)
        await context.require_effect(over)
        await context.clear_behaviours()
        await context.log_in()
        await context.watch(context.sample.permitted)
