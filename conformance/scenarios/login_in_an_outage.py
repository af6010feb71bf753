"""Scenario: a new viewer tries to log in while Adobe Pass fails."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class LoginInAnOutage(Scenario):
    id = "login-in-an-outage"
    title = "Adobe Pass fails when a new viewer tries to log in"
    needs = frozenset({"login", "status"})

    async def play(self, context: ScenarioContext) -> None:
        await context.launch()
        outage = await context.behave({"status": 503})
        await context.ask("login", mvpd=context.sample.mvpd, screen="secondary")
        await context.require_effect(outage)
        await context.ask("status")
