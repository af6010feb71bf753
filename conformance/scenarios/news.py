"""Scenario: Adobe Pass adds unknown members to its responses and unknown codes to its errors."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class News(Scenario):
    id = "news"
    title = "Responses contain undocumented members and error codes"
    needs = frozenset({"login", "status"})

    async def play(self, context: ScenarioContext) -> None:
        unknown = await context.behave({"body": "unknown_fields"})
        await context.do_if_mapped("start")
        await context.log_in()
        await context.require_effect(unknown)
        if "preauthorize" in context.driver.available:
            await context.ask("preauthorize", resources=list(context.sample.all))
        if "play" in context.driver.available:
            await context.watch(context.sample.permitted)
            await context.clear_behaviours()
            unknown = await context.behave({"body": "unknown_code"})
            await context.watch(context.sample.denied)
            await context.require_effect(unknown)
