"""Adobe Pass refuses a login for good: the integration is switched off."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage

REPEATS_SHOW_WITHIN = 4.0


class ClientError(Scenario):
    id = "client-error"
    title = "Adobe Pass refuses a request with a 400"
    needs = frozenset({"login"})

    async def play(self, stage: Stage) -> None:
        refused = await stage.behave({"error": "invalid_integration"}, endpoint="sessions.create")
        await stage.ask("login", mvpd=stage.programme.mvpd, screen="secondary")
        await stage.require_effect(refused)
        await stage.seconds(REPEATS_SHOW_WITHIN)
