"""Scenario: Adobe Pass rejects a login permanently, because the integration is switched off."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

REPEATS_SHOW_WITHIN_S = 4.0


class ClientError(Scenario):
    id = "client-error"
    title = "Adobe Pass rejects a request with a 400"
    needs = frozenset({"login"})

    async def play(self, context: ScenarioContext) -> None:
        await context.launch()
        refused = await context.behave({"error": "invalid_integration"}, endpoint="sessions.create")
        await context.ask("login", mvpd=context.sample.mvpd, screen="secondary")
        await context.require_effect(refused)
        await context.seconds(REPEATS_SHOW_WITHIN_S)
