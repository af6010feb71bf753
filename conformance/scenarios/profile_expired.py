"""A viewer's login expires while the app is open."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

LIFETIME = 7
"""Seconds that the profile lives: longer than the service takes to notice the login."""
PAST_EXPIRY = 3.0


class ProfileExpired(Scenario):
    id = "profile-expired"
    title = "A login expires while the app is open"
    needs = frozenset({"login", "status"})

    async def play(self, context: ScenarioContext) -> None:
        shorter = await context.behave({"ttl": {"profile": f"{LIFETIME}s"}}, endpoint="authenticate")
        await context.log_in()
        await context.require_effect(shorter)
        await context.seconds(LIFETIME + PAST_EXPIRY)
        await context.do("status")
        if "play" in context.driver.available:
            await context.ask("play", resource=context.programme.permitted)
