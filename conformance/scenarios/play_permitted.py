"""A logged-in viewer browses a long list and plays what is permitted, twice."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import ScenarioError, Stage


class PlayPermitted(Scenario):
    id = "play-permitted"
    title = "A viewer browses and plays what the subscription includes"
    needs = frozenset({"login", "status", "play"})

    async def play(self, stage: Stage) -> None:
        await stage.do_if_mapped("start")
        await stage.log_in()
        for _ in range(2):
            await stage.do_if_mapped("preauthorize", resources=list(stage.programme.all))
        for _ in range(2):
            call = await stage.watch(stage.programme.permitted)
            if call.failure is not None:
                raise ScenarioError(f"the verb play failed: {call.failure}")
