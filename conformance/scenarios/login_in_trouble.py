"""Adobe Pass is out of order while a viewer types the code."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage

TROUBLE = 8.0
"""Seconds in which polls fail: two of them at the usual interval."""


class LoginInTrouble(Scenario):
    id = "login-in-trouble"
    title = "Polls fail for a while as a viewer logs in"
    needs = frozenset({"login", "status"})

    async def play(self, stage: Stage) -> None:
        code = await stage.new_code("secondary")
        trouble = await stage.behave({"status": 503}, endpoint="profiles.code")
        await stage.seconds(TROUBLE)
        await stage.require_effect(trouble)
        await stage.clear_behaviours()
        await stage.viewer_logs_in(code)
        await stage.until_authenticated()
