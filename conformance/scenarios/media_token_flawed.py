"""Authorizations come with media tokens that must not be believed."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage

FLAWS = ("bad_signature", "expired", "wrong_resource")


class MediaTokenFlawed(Scenario):
    id = "media-token-flawed"
    title = "A media token is forged, expired, or for something else"
    needs = frozenset({"login", "status", "play"})

    async def play(self, stage: Stage) -> None:
        await stage.log_in()
        for flaw in FLAWS:
            flawed = await stage.behave({"media_token": flaw}, endpoint="decisions.authorize")
            await stage.watch(stage.programme.permitted)
            await stage.require_effect(flawed)
            await stage.clear_behaviours()
