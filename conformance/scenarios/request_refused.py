"""Adobe Pass denies a resource within its answer, and then refuses a whole decisions request."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

REFUSAL = "too_many_resources"
"""An error that decisions only have at the top level, and that no login and no retry mends."""


class RequestRefused(Scenario):
    id = "request-refused"
    title = "A decision is denied, and then a whole request refused"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        await context.watch(context.programme.denied)
        refused = await context.behave({"error": REFUSAL}, endpoint="decisions.*")
        await context.watch(context.programme.permitted)
        if "preauthorize" in context.driver.available:
            await context.ask("preauthorize", resources=list(context.programme.all))
        await context.require_effect(refused)
