"""Scenario: a viewer without a subscription watches with a temporary pass."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

PLAYBACKS = 3
"""Enough to tell a session for each playback from the one that begins the trial."""


class TemporaryPass(Scenario):
    id = "temporary-pass"
    title = "A viewer watches with a temporary pass"
    needs = frozenset({"login", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.assign_pass(context.sample.temporary)
        started_s = context.now_s()
        for _ in range(PLAYBACKS):
            await context.watch(context.sample.permitted)
        await context.require_request("decisions.authorize", started_s)
