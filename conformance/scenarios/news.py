"""Adobe Pass has added members to its answers and codes to its errors since the service was written."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class News(Scenario):
    id = "news"
    title = "Answers carry members and error codes that no document lists"
    needs = frozenset({"login", "status"})

    async def play(self, context: ScenarioContext) -> None:
        news = await context.behave({"body": "unknown_fields"})
        await context.do_if_mapped("start")
        await context.log_in()
        await context.require_effect(news)
        if "preauthorize" in context.driver.available:
            await context.ask("preauthorize", resources=list(context.programme.all))
        if "play" in context.driver.available:
            await context.watch(context.programme.permitted)
            await context.clear_behaviours()
            await context.behave({"body": "unknown_code"})
            await context.watch(context.programme.denied)
