"""A viewer's login expires while the app is open."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage

LIFETIME = 7
"""Seconds that the profile lives: longer than the service takes to notice the login."""
PAST_EXPIRY = 3.0


class ProfileExpired(Scenario):
    id = "profile-expired"
    title = "A login expires while the app is open"
    needs = frozenset({"login", "status"})

    async def play(self, stage: Stage) -> None:
        shorter = await stage.behave({"ttl": {"profile": f"{LIFETIME}s"}}, endpoint="authenticate")
        await stage.log_in()
        await stage.require_effect(shorter)
        await stage.seconds(LIFETIME + PAST_EXPIRY)
        await stage.do("status")
        if "play" in stage.driver.available:
            await stage.ask("play", resource=stage.programme.permitted)
