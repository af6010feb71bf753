"""Scenario: the service's access token expires while a viewer watches."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

LIFETIME_S = 6
"""Lifetime of the access token."""
PAST_EXPIRY_S = 2.0


class TokenExpired(Scenario):
    id = "token-expired"
    title = "The access token expires"
    needs = frozenset({"login", "status", "play"})
    exclusive = True

    async def prepare(self, context: ScenarioContext) -> None:
        await context.log_in()

    async def play(self, context: ScenarioContext) -> None:
        shorter = await context.behave(
            {"ttl": {"access_token": f"{LIFETIME_S}s"}}, everywhere=True, endpoint="dcr.token"
        )
        # The mock's clock cannot age the service's token, so a revocation makes the service fetch a short-lived one.
        await context.control.revoke_access_tokens()
        await context.watch(context.sample.permitted)
        await context.require_effect(shorter)
        await context.seconds(LIFETIME_S + PAST_EXPIRY_S)
        started_s = context.now_s()
        await context.watch(context.sample.permitted)
        await context.require_request("*", started_s)
