"""Scenario: a logged-in viewer opens the app again."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class ReturningViewer(Scenario):
    id = "returning-viewer"
    title = "A logged-in viewer opens the app again"
    needs = frozenset({"login", "status", "start"})

    async def play(self, context: ScenarioContext) -> None:
        await context.do_if_mapped("providers")
        await context.log_in()
        await context.do("start")
        for _ in range(3):
            await context.do("status")
            await context.seconds(0.5)
        await context.do_if_mapped("providers")
        await context.do("start")
        await context.do("status")
