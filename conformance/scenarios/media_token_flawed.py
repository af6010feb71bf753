"""Scenario: authorizations return invalid media tokens."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

FLAWS = ("bad_signature", "expired", "wrong_resource")


class MediaTokenFlawed(Scenario):
    id = "media-token-flawed"
    title = "A media token is forged, expired, or for another resource"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        for flaw in FLAWS:
            flawed = await context.behave({"media_token": flaw}, endpoint="decisions.authorize")
            await context.watch(context.sample.permitted)
            await context.require_effect(flawed)
            await context.clear_behaviours()
