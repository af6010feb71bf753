"""A viewer who has logged in comes back to the app."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage


class ReturningViewer(Scenario):
    id = "returning-viewer"
    title = "A viewer who is logged in opens the app again"
    needs = frozenset({"login", "status", "start"})

    async def play(self, stage: Stage) -> None:
        await stage.do_if_mapped("providers")
        await stage.log_in()
        await stage.do("start")
        for _ in range(3):
            await stage.do("status")
            await stage.seconds(0.5)
        await stage.do_if_mapped("providers")
        await stage.do("start")
        await stage.do("status")
