"""Scenario: a viewer's login expires while the app is open."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

LIFETIME_S = 7
"""Lifetime of the profile: longer than the service takes to notice the login."""
PAST_EXPIRY_S = 3.0


class ProfileExpired(Scenario):
    id = "profile-expired"
    title = "A login expires while the app is open"
    needs = frozenset({"login", "status"})

    async def play(self, context: ScenarioContext) -> None:
        shorter = await context.behave({"ttl": {"profile": f"{LIFETIME_S}s"}}, endpoint="authenticate")
        await context.log_in()
        await context.require_effect(shorter)
        await context.seconds(LIFETIME_S + PAST_EXPIRY_S)
        await context.do("status")
        if "play" in context.driver.available:
            await context.ask("play", resource=context.sample.permitted)
