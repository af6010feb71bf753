"""Scenario: an AuthNAll rule of Adobe Pass logs every viewer in without the TV provider."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class DegradedLogin(Scenario):
    id = "degraded-login"
    title = "A viewer watches during degraded access, without a login"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        """Choose a TV provider with an AuthNAll rule: Adobe Pass answers with the actionName authorize."""
        await context.launch()
        degraded = await context.behave({"degradation": "AuthNAll"})
        call = await context.ask("login", mvpd=context.sample.mvpd, screen="secondary")
        await context.require_effect(degraded)
        if call.failure is not None:
            context.shortfalls.append(f"the service refused a login that degraded access grants: {call.failure}")
        await context.do("status")
        started_s = context.now_s()
        await context.watch(context.sample.permitted)
        await context.require_request("decisions.authorize", started_s)
