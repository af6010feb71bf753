"""A viewer logs out and then tries to go on watching."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class Logout(Scenario):
    id = "logout"
    title = "A viewer logs out"
    needs = frozenset({"login", "status", "logout"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        await context.do("logout")
        await context.do("status")
        if "play" in context.driver.available:
            # Refusing outright is as good an answer as asking for a login.
            await context.ask("play", resource=context.programme.permitted)
