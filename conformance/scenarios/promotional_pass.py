"""A viewer without a subscription watches on a promotional pass, which is given to an identity."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class PromotionalPass(Scenario):
    id = "promotional-pass"
    title = "A viewer watches on a promotional pass"
    needs = frozenset({"login", "play", "temppass_identity"})

    async def play(self, context: ScenarioContext) -> None:
        await context.ask("login", mvpd=context.programme.promotional, screen="primary")
        await context.watch(context.programme.permitted)
