"""Scenario: a new viewer logs in inside the streaming app, on the same screen."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

BROWSING_S = 4.0
"""Time that the viewer spends at the TV provider: longer than a poll interval, so that an early poll shows."""


class FirstLoginFirstScreen(Scenario):
    id = "first-login-first-screen"
    title = "A new viewer logs in inside the streaming app"
    needs = frozenset({"login", "arrived", "status"})

    async def play(self, context: ScenarioContext) -> None:
        await context.do_if_mapped("start")
        await context.do_if_mapped("providers")
        code = await context.new_code("primary")
        await context.seconds(BROWSING_S)
        await context.viewer_logs_in(code)
        await context.do("arrived")
        await context.until_authenticated()
        await context.quiet(context.rhythm.quiet_s)
