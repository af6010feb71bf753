"""A viewer without a subscription watches on a temporary pass."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class TemporaryPass(Scenario):
    id = "temporary-pass"
    title = "A viewer watches on a temporary pass"
    needs = frozenset({"login", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.ask("login", mvpd=context.programme.temporary, screen="primary")
        await context.watch(context.programme.permitted)
