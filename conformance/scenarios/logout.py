"""A viewer logs out and then tries to go on watching."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage


class Logout(Scenario):
    id = "logout"
    title = "A viewer logs out"
    needs = frozenset({"login", "status", "logout"})

    async def play(self, stage: Stage) -> None:
        await stage.log_in()
        await stage.do("logout")
        await stage.do("status")
        if "play" in stage.driver.available:
            # Refusing outright is as good an answer as asking for a login.
            await stage.ask("play", resource=stage.programme.permitted)
