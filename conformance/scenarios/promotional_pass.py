"""A viewer without a subscription watches on a promotional pass, which is given to an identity."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage


class PromotionalPass(Scenario):
    id = "promotional-pass"
    title = "A viewer watches on a promotional pass"
    needs = frozenset({"login", "play", "temppass_identity"})

    async def play(self, stage: Stage) -> None:
        await stage.ask("login", mvpd=stage.programme.promotional, screen="primary")
        await stage.watch(stage.programme.permitted)
