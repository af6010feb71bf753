"""Scenario: the browser reaches redirectUrl before Adobe Pass knows the login."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class LateLogin(Scenario):
    id = "late-login"
    title = "The browser reaches redirectUrl before the login is known"
    needs = frozenset({"login", "arrived", "status"})

    async def play(self, context: ScenarioContext) -> None:
        code = await context.new_code("primary")
        await context.do("arrived")
        # Two polls before the login show the interval on the first screen too.
        await context.expect_polls(code, 2)
        await context.viewer_logs_in(code)
        await context.until_authenticated()
