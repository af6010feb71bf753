"""A stream plays on after its media token has expired."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import ScenarioError, Stage

LIFETIME = 3
"""Seconds that the media token lives."""
PAST_EXPIRY = 3.0


class LongPlayback(Scenario):
    id = "long-playback"
    title = "A viewer watches for longer than the media token lives"
    needs = frozenset({"login", "status", "play", "stop"})

    async def play(self, stage: Stage) -> None:
        await stage.log_in()
        shorter = await stage.behave({"ttl": {"media_token": f"{LIFETIME}s"}})
        if not (await stage.do("play", resource=stage.programme.permitted))["allowed"]:
            raise ScenarioError(f"{stage.programme.permitted} was denied, which the mock's catalogue permits")
        await stage.require_effect(shorter)
        await stage.seconds(LIFETIME + PAST_EXPIRY)
        await stage.do("stop")
