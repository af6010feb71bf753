"""Scenario: a viewer logs out of a TV provider without a logout page."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class LogoutWithoutPage(Scenario):
    id = "logout-without-page"
    title = "A viewer logs out of a TV provider without a logout page"
    needs = frozenset({"login", "status", "logout"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in(context.sample.without_logout_page)
        await context.do("logout")
        await context.do("status")
