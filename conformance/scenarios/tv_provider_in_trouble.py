"""The TV provider does not answer Adobe Pass in time, so decisions fail for now."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

RETRIES_SHOW_WITHIN = 4.0


class TvProviderInTrouble(Scenario):
    id = "tv-provider-in-trouble"
    title = "Decisions fail with errors that may be retried"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        error = {"error": "network_connection_timeout"}
        trouble = await context.behave(error, endpoint="decisions.authorize")
        if "preauthorize" in context.driver.available:
            # Of several resources only one may be asked for again.
            await context.behave(error, endpoint="decisions.preauthorize", resource=context.programme.permitted)
            await context.ask("preauthorize", resources=list(context.programme.all))
        await context.watch(context.programme.permitted)
        await context.require_effect(trouble)
        await context.seconds(RETRIES_SHOW_WITHIN)
