"""Scenario: a viewer's login expires while the app is open."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

NOTICED_WITHIN_S = 5.0
"""Time beyond a poll interval in which the service notices the login."""
PAST_EXPIRY_S = 3.0


class ProfileExpired(Scenario):
    id = "profile-expired"
    title = "A login expires while the app is open"
    needs = frozenset({"login", "status"})

    async def play(self, context: ScenarioContext) -> None:
        await context.learn_rhythm()
        lifetime_s = context.rhythm.interval_s + NOTICED_WITHIN_S
        shorter = await context.behave({"ttl": {"profile": f"{lifetime_s:.0f}s"}}, endpoint="authenticate")
        await context.log_in()
        await context.require_effect(shorter)
        await context.seconds(lifetime_s + PAST_EXPIRY_S)
        await context.do("status")
        if "play" in context.driver.available:
            await context.ask("play", resource=context.sample.permitted)
