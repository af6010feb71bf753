"""Scenario: Adobe Pass rejects the access token, and the new one too."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class NewTokenRejected(Scenario):
    id = "new-token-rejected"
    title = "Adobe Pass rejects the access token, and the new one too"
    needs = frozenset({"login", "status", "play"})
    exclusive = True

    async def prepare(self, context: ScenarioContext) -> None:
        await context.log_in()

    async def play(self, context: ScenarioContext) -> None:
        rejected = await context.behave({"reject_token": True}, times=2)
        await context.watch(context.sample.permitted)
        await context.require_effect(rejected)
