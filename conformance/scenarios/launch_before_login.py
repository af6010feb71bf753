"""Scenario: an app starts on a new device, and nobody logs in."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

REQUESTS_SHOW_WITHIN_S = 2.0


class LaunchBeforeLogin(Scenario):
    id = "launch-before-login"
    title = "An app starts before its viewer has ever logged in"
    needs = frozenset({"start", "status"})

    async def play(self, context: ScenarioContext) -> None:
        for _ in range(2):
            await context.do("start")
            await context.do("status")
            await context.seconds(REQUESTS_SHOW_WITHIN_S)
