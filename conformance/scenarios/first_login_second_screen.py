"""A new viewer logs in by typing a code on a second screen."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import QUIET, Scenario
from pass_harness.conformance.scenarios.stage import Stage

MISTYPED = "WRONG00"


class FirstLoginSecondScreen(Scenario):
    id = "first-login-second-screen"
    title = "A new viewer types the code on a phone or computer"
    needs = frozenset({"login", "status"})

    async def play(self, stage: Stage) -> None:
        await stage.do_if_mapped("start")
        await stage.do_if_mapped("providers")
        code = await stage.new_code("secondary")
        if "enter_code" in stage.driver.available:
            await stage.ask("enter_code", code=MISTYPED)
        await stage.do_if_mapped("enter_code", code=code)
        # Two polls before the login show the interval; a service that never polls is not waited for.
        await stage.polls(code, 2, within=13)
        await stage.viewer_logs_in(code)
        await stage.until_authenticated()
        await stage.seconds(QUIET)
