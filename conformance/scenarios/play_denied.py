"""Scenario: a logged-in viewer plays a resource outside the subscription."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

RETRIES_SHOW_WITHIN_S = 3.0


class PlayDenied(Scenario):
    id = "play-denied"
    title = "A viewer plays a resource outside the subscription"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        started_s = context.now_s()
        await context.do("play", resource=context.sample.denied)
        await context.require_request("decisions.authorize", started_s)
        await context.seconds(RETRIES_SHOW_WITHIN_S)
        await context.do("status")
