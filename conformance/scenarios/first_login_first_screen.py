"""A new viewer logs in within the streaming app, on the same screen."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import QUIET, Scenario
from pass_harness.conformance.scenarios.stage import Stage

BROWSING = 4.0
"""Seconds that the viewer spends at the TV provider: longer than a poll interval, so that an early poll shows."""


class FirstLoginFirstScreen(Scenario):
    id = "first-login-first-screen"
    title = "A new viewer logs in inside the streaming app"
    needs = frozenset({"login", "arrived", "status"})

    async def play(self, stage: Stage) -> None:
        await stage.do_if_mapped("start")
        await stage.do_if_mapped("providers")
        code = await stage.new_code("primary")
        await stage.seconds(BROWSING)
        await stage.viewer_logs_in(code)
        await stage.do("arrived")
        await stage.until_authenticated()
        await stage.seconds(QUIET)
