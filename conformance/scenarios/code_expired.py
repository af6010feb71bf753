"""A viewer leaves the code on the screen until it has expired."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import LONGEST_INTERVAL, Scenario

LIFETIME = 8
"""Seconds that the code lives: two polls at the usual interval."""
IN_FLIGHT = 3.0
"""Seconds after the expiry within which a last poll is forgiven."""


class CodeExpired(Scenario):
    id = "code-expired"
    title = "A viewer lets the code expire"
    needs = frozenset({"login"})

    async def play(self, context: ScenarioContext) -> None:
        shorter = await context.behave({"ttl": {"session": f"{LIFETIME}s"}}, endpoint="sessions.create")
        await context.new_code("secondary")
        await context.require_effect(shorter)
        await context.seconds(LIFETIME + IN_FLIGHT + LONGEST_INTERVAL)
