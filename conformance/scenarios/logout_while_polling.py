"""Scenario: a viewer logs out while the service waits for the login."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError, ScenarioSkipped
from pass_harness.conformance.scenarios.scenario import Scenario


class LogoutWhilePolling(Scenario):
    id = "logout-while-polling"
    title = "A viewer gives up a login by logging out"
    needs = frozenset({"login", "logout"})

    async def play(self, context: ScenarioContext) -> None:
        code = await context.new_code("secondary")
        await context.expect_polls(code, 1)
        started_s = context.now_s()
        call = await context.ask("logout")
        if call.failure is not None and (await context.traffic(started_s)).reached("logout"):
            raise ScenarioError(f"the verb logout failed: {call.failure}")
        if call.failure is not None:
            raise ScenarioSkipped(f"the service logs out only viewers who are logged in: {call.failure}")
        await context.quiet(context.rhythm.quiet_s)
