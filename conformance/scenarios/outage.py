"""Adobe Pass is out of order for a while."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage

RETRIES_SHOW_WITHIN = 4.0


class Outage(Scenario):
    id = "outage"
    title = "Adobe Pass answers with server errors"
    needs = frozenset({"login", "status", "play"})

    async def play(self, stage: Stage) -> None:
        await stage.log_in()
        out_of_order = await stage.behave({"status": 503})
        for _ in range(2):
            await stage.watch(stage.programme.permitted)
        await stage.require_effect(out_of_order)
        await stage.seconds(RETRIES_SHOW_WITHIN)
