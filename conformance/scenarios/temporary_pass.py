"""Scenario: a viewer without a subscription watches with a temporary pass."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class TemporaryPass(Scenario):
    id = "temporary-pass"
    title = "A viewer watches with a temporary pass"
    needs = frozenset({"login", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.ask("login", mvpd=context.sample.temporary, screen="primary")
        await context.watch(context.sample.permitted)
