"""A stream plays on after its media token has expired."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError
from pass_harness.conformance.scenarios.scenario import Scenario

LIFETIME = 3
"""Seconds that the media token lives."""
PAST_EXPIRY = 3.0


class LongPlayback(Scenario):
    id = "long-playback"
    title = "A viewer watches for longer than the media token lives"
    needs = frozenset({"login", "status", "play", "stop"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        shorter = await context.behave({"ttl": {"media_token": f"{LIFETIME}s"}})
        if not (await context.do("play", resource=context.programme.permitted))["allowed"]:
            raise ScenarioError(f"{context.programme.permitted} was denied, which the mock's catalogue permits")
        await context.require_effect(shorter)
        await context.seconds(LIFETIME + PAST_EXPIRY)
        await context.do("stop")
