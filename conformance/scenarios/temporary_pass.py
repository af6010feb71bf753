"""A viewer without a subscription watches on a temporary pass."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage


class TemporaryPass(Scenario):
    id = "temporary-pass"
    title = "A viewer watches on a temporary pass"
    needs = frozenset({"login", "play"})

    async def play(self, stage: Stage) -> None:
        await stage.ask("login", mvpd=stage.programme.temporary, screen="primary")
        await stage.watch(stage.programme.permitted)
