"""Scenario: the service restarts, and its viewers continue."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class Restart(Scenario):
    id = "restart"
    title = "The service restarts"
    needs = frozenset({"login", "status", "restart"})
    exclusive = True

    async def prepare(self, context: ScenarioContext) -> None:
        await context.do_if_mapped("start")
        await context.log_in()

    async def play(self, context: ScenarioContext) -> None:
        await context.do("restart")
        await context.do_if_mapped("start")
        await context.do("status")
        if "play" in context.driver.available:
            await context.ask("play", resource=context.sample.permitted)
