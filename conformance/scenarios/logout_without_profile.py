"""Scenario: a viewer logs out after the TV provider has ended the login."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.logout import LATER_S
from pass_harness.conformance.scenarios.scenario import Scenario


class LogoutWithoutProfile(Scenario):
    id = "logout-without-profile"
    title = "A viewer logs out whose login the TV provider has ended already"
    needs = frozenset({"login", "status", "logout"})

    async def play(self, context: ScenarioContext) -> None:
        """Log out with the actionName invalid: Adobe Pass has no profile that it could remove."""
        await context.log_in()
        ended = await context.behave({"logout": "invalid"}, endpoint="logout")
        await context.do("logout")
        await context.seconds(LATER_S)
        await context.require_effect(ended)
        await context.do("status")
