"""The service's access token expires while viewers go on watching."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage

LIFETIME = 6
"""Seconds that the token lives."""
PAST_EXPIRY = 2.0


class TokenExpired(Scenario):
    id = "token-expired"
    title = "The access token expires"
    needs = frozenset({"login", "status", "play"})
    exclusive = True

    async def prepare(self, stage: Stage) -> None:
        await stage.log_in()

    async def play(self, stage: Stage) -> None:
        shorter = await stage.behave({"ttl": {"access_token": f"{LIFETIME}s"}}, everywhere=True, endpoint="dcr.token")
        # The mock's clock cannot age the service's token, so the service is made to fetch one that lives shortly.
        await stage.control.revoke_access_tokens()
        await stage.watch(stage.programme.permitted)
        await stage.require_effect(shorter)
        await stage.seconds(LIFETIME + PAST_EXPIRY)
        await stage.watch(stage.programme.permitted)
