"""The service's access token expires while viewers go on watching."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

LIFETIME = 6
"""Seconds that the token lives."""
PAST_EXPIRY = 2.0


class TokenExpired(Scenario):
    id = "token-expired"
    title = "The access token expires"
    needs = frozenset({"login", "status", "play"})
    exclusive = True

    async def prepare(self, context: ScenarioContext) -> None:
        await context.log_in()

    async def play(self, context: ScenarioContext) -> None:
        shorter = await context.behave(
            {"ttl": {"access_token": f"{LIFETIME}s"}}, everywhere=True, endpoint="dcr.token"
        )
        # The mock's clock cannot age the service's token, so the service is made to fetch one that lives shortly.
        await context.control.revoke_access_tokens()
        await context.watch(context.programme.permitted)
        await context.require_effect(shorter)
        await context.seconds(LIFETIME + PAST_EXPIRY)
        await context.watch(context.programme.permitted)
