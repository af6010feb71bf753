"""Adobe Pass denies a resource within its answer, and then refuses a whole decisions request."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage

REFUSAL = "too_many_resources"
"""An error that decisions only have at the top level, and that no login and no retry mends."""


class RequestRefused(Scenario):
    id = "request-refused"
    title = "A decision is denied, and then a whole request refused"
    needs = frozenset({"login", "status", "play"})

    async def play(self, stage: Stage) -> None:
        await stage.log_in()
        await stage.watch(stage.programme.denied)
        refused = await stage.behave({"error": REFUSAL}, endpoint="decisions.*")
        await stage.watch(stage.programme.permitted)
        if "preauthorize" in stage.driver.available:
            await stage.ask("preauthorize", resources=list(stage.programme.all))
        await stage.require_effect(refused)
