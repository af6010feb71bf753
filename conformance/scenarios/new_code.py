"""Scenario: a viewer requests a new code while the first one is still valid."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class NewCode(Scenario):
    id = "new-code"
    title = "A viewer requests a new code and logs in with it"
    needs = frozenset({"login", "status"})

    async def play(self, context: ScenarioContext) -> None:
        first = await context.new_code("secondary")
        await context.expect_polls(first, 1)
        second = await context.new_code("secondary")
        await context.viewer_logs_in(second)
        await context.until_authenticated()
        await context.quiet(context.rhythm.quiet_s)
