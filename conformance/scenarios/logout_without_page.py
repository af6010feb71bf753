"""A viewer logs out of a TV provider that has no page for it."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage


class LogoutWithoutPage(Scenario):
    id = "logout-without-page"
    title = "A viewer logs out of a TV provider that has no page for it"
    needs = frozenset({"login", "status", "logout"})

    async def play(self, stage: Stage) -> None:
        await stage.log_in(stage.programme.without_logout_page)
        await stage.do("logout")
        await stage.do("status")
