"""A logged-in viewer asks for what the subscription does not include."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage

RETRIES_SHOW_WITHIN = 3.0


class PlayDenied(Scenario):
    id = "play-denied"
    title = "A viewer asks for what the subscription does not include"
    needs = frozenset({"login", "status", "play"})

    async def play(self, stage: Stage) -> None:
        await stage.log_in()
        await stage.do("play", resource=stage.programme.denied)
        await stage.seconds(RETRIES_SHOW_WITHIN)
        await stage.do("status")
