"""Adobe Pass has added members to its answers and codes to its errors since the service was written."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage


class News(Scenario):
    id = "news"
    title = "Answers carry members and error codes that no document lists"
    needs = frozenset({"login", "status"})

    async def play(self, stage: Stage) -> None:
        news = await stage.behave({"body": "unknown_fields"})
        await stage.do_if_mapped("start")
        await stage.log_in()
        await stage.require_effect(news)
        if "preauthorize" in stage.driver.available:
            await stage.ask("preauthorize", resources=list(stage.programme.all))
        if "play" in stage.driver.available:
            await stage.watch(stage.programme.permitted)
            await stage.clear_behaviours()
            await stage.behave({"body": "unknown_code"})
            await stage.watch(stage.programme.denied)
