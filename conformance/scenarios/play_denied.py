"""A logged-in viewer asks for what the subscription does not include."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

RETRIES_SHOW_WITHIN = 3.0


class PlayDenied(Scenario):
    id = "play-denied"
    title = "A viewer asks for what the subscription does not include"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        await context.do("play", resource=context.programme.denied)
        await context.seconds(RETRIES_SHOW_WITHIN)
        await context.do("status")
