"""Adobe Pass revokes the service's access token."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage


class TokenRejected(Scenario):
    id = "token-rejected"
    title = "Adobe Pass rejects the access token"
    needs = frozenset({"login", "status", "play"})
    exclusive = True

    async def prepare(self, stage: Stage) -> None:
        await stage.log_in()

    async def play(self, stage: Stage) -> None:
        await stage.control.revoke_access_tokens()
        await stage.watch(stage.programme.permitted)
        await stage.watch(stage.programme.permitted)
