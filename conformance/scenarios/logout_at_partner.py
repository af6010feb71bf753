"""Scenario: a viewer logs out whose profile came from a partner, like the Apple SSO of a device."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.logout import LATER_S
from pass_harness.conformance.scenarios.scenario import Scenario


class LogoutAtPartner(Scenario):
    id = "logout-at-partner"
    title = "A viewer logs out, and the partner's system settings have the rest"
    needs = frozenset({"login", "status", "logout"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        partner = await context.behave({"logout": "partner_logout"}, endpoint="logout")
        await context.do("logout")
        await context.seconds(LATER_S)
        await context.require_effect(partner)
        await context.do("status")
