"""Scenario: a viewer without a subscription watches with a promotional pass, which needs an identity."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class PromotionalPass(Scenario):
    id = "promotional-pass"
    title = "A viewer watches with a promotional pass"
    needs = frozenset({"login", "play", "temppass_identity"})

    async def play(self, context: ScenarioContext) -> None:
        await context.ask("login", mvpd=context.sample.promotional, screen="primary")
        await context.watch(context.sample.permitted)
