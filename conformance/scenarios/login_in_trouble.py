"""Scenario: polls fail while a viewer types the code."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

HURRY_SHOWS_WITHIN_S = 2.0
"""Time in which a poller that does not wait after a failure makes more polls than a retry may make."""


class LoginInTrouble(Scenario):
    id = "login-in-trouble"
    title = "Polls fail for a while during a login"
    needs = frozenset({"login", "status"})

    async def play(self, context: ScenarioContext) -> None:
        code = await context.new_code("secondary")
        outage = await context.behave({"status": 503}, endpoint="profiles.code")
        await context.expect_polls(code, 2)
        await context.app_waits(HURRY_SHOWS_WITHIN_S)
        await context.require_effect(outage)
        await context.clear_behaviours()
        await context.viewer_logs_in(code)
        await context.until_authenticated()
