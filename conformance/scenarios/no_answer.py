"""Adobe Pass takes requests and never answers them."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage


class NoAnswer(Scenario):
    id = "no-answer"
    title = "Adobe Pass does not answer"
    needs = frozenset({"login", "status", "play"})

    async def play(self, stage: Stage) -> None:
        await stage.log_in()
        stalled = await stage.behave({"connection": "stall"})
        await stage.watch(stage.programme.permitted)
        await stage.require_effect(stalled)
