"""The TV provider does not answer Adobe Pass in time, so decisions fail for now."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage

RETRIES_SHOW_WITHIN = 4.0


class TvProviderInTrouble(Scenario):
    id = "tv-provider-in-trouble"
    title = "Decisions fail with errors that may be retried"
    needs = frozenset({"login", "status", "play"})

    async def play(self, stage: Stage) -> None:
        await stage.log_in()
        error = {"error": "network_connection_timeout"}
        trouble = await stage.behave(error, endpoint="decisions.authorize")
        if "preauthorize" in stage.driver.available:
            # Of several resources only one may be asked for again.
            await stage.behave(error, endpoint="decisions.preauthorize", resource=stage.programme.permitted)
            await stage.ask("preauthorize", resources=list(stage.programme.all))
        await stage.watch(stage.programme.permitted)
        await stage.require_effect(trouble)
        await stage.seconds(RETRIES_SHOW_WITHIN)
