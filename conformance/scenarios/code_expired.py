"""Scenario: a viewer does not use the code before it expires."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import LONGEST_INTERVAL_S, Scenario

LIFETIME_S = 8
"""Lifetime of the code: two polls at the usual interval."""
IN_FLIGHT_S = 3.0
"""Time after the expiry within which a last poll is allowed."""


class CodeExpired(Scenario):
    id = "code-expired"
    title = "A viewer does not use the code before it expires"
    needs = frozenset({"login"})

    async def play(self, context: ScenarioContext) -> None:
        shorter = await context.behave({"ttl": {"session": f"{LIFETIME_S}s"}}, endpoint="sessions.create")
        await context.new_code("secondary")
        await context.require_effect(shorter)
        await context.seconds(LIFETIME_S + IN_FLIGHT_S + LONGEST_INTERVAL_S)
