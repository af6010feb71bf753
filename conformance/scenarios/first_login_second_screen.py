"""Scenario: a new viewer logs in by typing a code on a second screen."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

MISTYPED = "WRONG00"


class FirstLoginSecondScreen(Scenario):
    id = "first-login-second-screen"
    title = "A new viewer logs in with a code on a phone or computer"
    needs = frozenset({"login", "status"})

    async def play(self, context: ScenarioContext) -> None:
        await context.do_if_mapped("start")
        await context.do_if_mapped("providers")
        code = await context.new_code("secondary")
        if "enter_code" in context.driver.available:
            await context.ask("enter_code", code=MISTYPED)
        await context.do_if_mapped("enter_code", code=code)
        # Two polls before the login show the interval.
        await context.expect_polls(code, 2)
        await context.viewer_logs_in(code)
        await context.until_authenticated()
        await context.quiet(context.rhythm.quiet_s)
