"""Scenario: Adobe Pass answers one device with server errors for a while."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

RETRIES_SHOW_WITHIN_S = 4.0


class Outage(Scenario):
    id = "outage"
    title = "Adobe Pass answers with server errors"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        outage = await context.behave({"status": 503})
        for _ in range(2):
            await context.watch(context.sample.permitted)
        await context.require_effect(outage)
        await context.seconds(RETRIES_SHOW_WITHIN_S)
