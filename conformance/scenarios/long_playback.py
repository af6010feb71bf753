"""Scenario: a stream continues after its media token has expired."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError
from pass_harness.conformance.scenarios.scenario import Scenario

LIFETIME_S = 3
"""Lifetime of the media token."""
PAST_EXPIRY_S = 3.0


class LongPlayback(Scenario):
    id = "long-playback"
    title = "A playback lasts longer than its media token"
    needs = frozenset({"login", "status", "play", "stop"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        shorter = await context.behave({"ttl": {"media_token": f"{LIFETIME_S}s"}})
        if not (await context.do("play", resource=context.sample.permitted))["allowed"]:
            raise ScenarioError(f"{context.sample.permitted} was denied, although the mock's catalogue permits it")
        await context.require_effect(shorter)
        await context.seconds(LIFETIME_S + PAST_EXPIRY_S)
        await context.do("stop")
