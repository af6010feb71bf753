"""A viewer asks for a new code while the first one still waits."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import LONGEST_INTERVAL, Scenario


class NewCode(Scenario):
    id = "new-code"
    title = "A viewer asks for a new code and logs in with it"
    needs = frozenset({"login", "status"})

    async def play(self, context: ScenarioContext) -> None:
        first = await context.new_code("secondary")
        await context.polls(first, 1, within=12)
        second = await context.new_code("secondary")
        await context.viewer_logs_in(second)
        await context.until_authenticated()
        await context.seconds(LONGEST_INTERVAL)
