"""The browser is back before Adobe Pass knows that its viewer has logged in."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage


class LateLogin(Scenario):
    id = "late-login"
    title = "The streaming app is back before its viewer's login is known"
    needs = frozenset({"login", "arrived", "status"})

    async def play(self, stage: Stage) -> None:
        code = await stage.new_code("primary")
        await stage.do("arrived")
        # Two polls before the login show the interval on the first screen too.
        await stage.polls(code, 2, within=12)
        await stage.viewer_logs_in(code)
        await stage.until_authenticated()
