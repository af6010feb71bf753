"""Scenario: the TV provider does not answer Adobe Pass in time, so decisions fail temporarily."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

RETRIES_SHOW_WITHIN_S = 4.0


class TvProviderInTrouble(Scenario):
    id = "tv-provider-in-trouble"
    title = "Decisions fail with errors that allow a retry"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        error = {"error": "network_connection_timeout"}
        failure = await context.behave(error, endpoint="decisions.authorize")
        if "preauthorize" in context.driver.available:
            # Of several resources, only one may be requested again.
            one = await context.behave(error, endpoint="decisions.preauthorize", resource=context.sample.permitted)
            await context.ask("preauthorize", resources=list(context.sample.all))
            await context.require_effect(one)
        await context.watch(context.sample.permitted)
        await context.require_effect(failure)
        await context.seconds(RETRIES_SHOW_WITHIN_S)
