"""Scenario: a viewer logs out and then tries to play."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

LATER_S = 5.5
"""Time in which a service that answers the app first calls Adobe Pass."""


class Logout(Scenario):
    id = "logout"
    title = "A viewer logs out"
    needs = frozenset({"login", "status", "logout"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        await context.do("logout")
        await context.do("status")
        if "play" in context.driver.available:
            # A refusal is as correct as a request to log in.
            await context.ask("play", resource=context.sample.permitted)
        await context.seconds(LATER_S)
        await context.do("status")
