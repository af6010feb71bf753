"""The service is restarted, and its viewers go on."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage


class Restart(Scenario):
    id = "restart"
    title = "The service is restarted"
    needs = frozenset({"login", "status", "restart"})
    exclusive = True

    async def prepare(self, stage: Stage) -> None:
        await stage.do_if_mapped("start")
        await stage.log_in()

    async def play(self, stage: Stage) -> None:
        await stage.do("restart")
        await stage.do_if_mapped("start")
        await stage.do("status")
        if "play" in stage.driver.available:
            await stage.ask("play", resource=stage.programme.permitted)
