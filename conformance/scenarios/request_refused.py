"""Scenario: Adobe Pass denies one decision inside a 200, and then rejects a whole decisions request."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

REFUSAL = "too_many_resources"
"""Code of an error that occurs only at the top level and that neither a login nor a retry solves."""


class RequestRefused(Scenario):
    id = "request-refused"
    title = "Adobe Pass denies one decision, then rejects a whole request"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        started_s = context.now_s()
        await context.watch(context.sample.denied)
        await context.require_request("decisions.authorize", started_s)
        refused = await context.behave({"error": REFUSAL}, endpoint="decisions.*")
        await context.watch(context.sample.permitted)
        if "preauthorize" in context.driver.available:
            await context.ask("preauthorize", resources=list(context.sample.all))
        await context.require_effect(refused)
