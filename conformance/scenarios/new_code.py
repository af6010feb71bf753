"""A viewer asks for a new code while the first one still waits."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import LONGEST_INTERVAL, Scenario
from pass_harness.conformance.scenarios.stage import Stage


class NewCode(Scenario):
    id = "new-code"
    title = "A viewer asks for a new code and logs in with it"
    needs = frozenset({"login", "status"})

    async def play(self, stage: Stage) -> None:
        first = await stage.new_code("secondary")
        await stage.polls(first, 1, within=12)
        second = await stage.new_code("secondary")
        await stage.viewer_logs_in(second)
        await stage.until_authenticated()
        await stage.seconds(LONGEST_INTERVAL)
