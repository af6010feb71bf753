"""Scenario: Adobe Pass fails while an app asks which resources it may show."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

RETRIES_SHOW_WITHIN_S = 4.0


class PreauthorizeOutage(Scenario):
    id = "preauthorize-outage"
    title = "Adobe Pass answers preauthorizations with server errors"
    needs = frozenset({"login", "status", "preauthorize"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        outage = await context.behave({"status": 503}, endpoint="decisions.preauthorize")
        await context.ask("preauthorize", resources=list(context.sample.all))
        await context.require_effect(outage)
        await context.seconds(RETRIES_SHOW_WITHIN_S)
        await context.clear_behaviours()
        await context.ask("preauthorize", resources=list(context.sample.all))
