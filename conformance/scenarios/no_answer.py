"""Scenario: Adobe Pass accepts requests and never answers them."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class NoAnswer(Scenario):
    id = "no-answer"
    title = "Adobe Pass does not respond"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        stalled = await context.behave({"connection": "stall"})
        await context.watch(context.sample.permitted)
        await context.require_effect(stalled)
