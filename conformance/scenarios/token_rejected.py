"""Scenario: Adobe Pass revokes the service's access token."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class TokenRejected(Scenario):
    id = "token-rejected"
    title = "Adobe Pass rejects the access token"
    needs = frozenset({"login", "status", "play"})
    exclusive = True

    async def prepare(self, context: ScenarioContext) -> None:
        await context.log_in()

    async def play(self, context: ScenarioContext) -> None:
        await context.control.revoke_access_tokens()
        await context.watch(context.sample.permitted)
        await context.watch(context.sample.permitted)
