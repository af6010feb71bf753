"""Adobe Pass is out of order while a viewer types the code."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

TROUBLE = 8.0
"""Seconds in which polls fail: two of them at the usual interval."""


class LoginInTrouble(Scenario):
    id = "login-in-trouble"
    title = "Polls fail for a while as a viewer logs in"
    needs = frozenset({"login", "status"})

    async def play(self, context: ScenarioContext) -> None:
        code = await context.new_code("secondary")
        trouble = await context.behave({"status": 503}, endpoint="profiles.code")
        await context.seconds(TROUBLE)
        await context.require_effect(trouble)
        await context.clear_behaviours()
        await context.viewer_logs_in(code)
        await context.until_authenticated()
