"""Scenario: a viewer does not use the code before it expires."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

USUAL_LIFETIME_S = 8.0
"""Lifetime of the first code: two polls at the usual interval."""
IN_FLIGHT_S = 3.0
"""Time after the expiry within which a last poll is allowed."""
POLLS = 2
"""Polls before the expiry that show the interval."""


class CodeExpired(Scenario):
    id = "code-expired"
    title = "A viewer does not use the code before it expires"
    needs = frozenset({"login"})

    async def play(self, context: ScenarioContext) -> None:
        """Let a code expire. If the service polls more slowly than usual, learn its interval for a second code."""
        if await _polls_before_expiry(context, USUAL_LIFETIME_S) >= POLLS:
            return
        await context.learn_rhythm()
        polls = await _polls_before_expiry(context, context.rhythm.two_polls_s)
        if not polls:
            context.shortfalls.append(
                "the service did not poll the code before it expired, so nothing shows that polling stops then"
            )


async def _polls_before_expiry(context: ScenarioContext, lifetime_s: float) -> int:
    """Let a new code expire unused; return the number of polls before that."""
    shorter = await context.behave({"ttl": {"session": f"{lifetime_s:.0f}s"}}, endpoint="sessions.create")
    code = await context.new_code("secondary")
    await context.require_effect(shorter)
    await context.app_waits(lifetime_s)
    polls = await context.exchanges(code=code, endpoint="profiles.code")
    context.rhythm.learn(polls)
    await context.clear_behaviours()
    await context.quiet(IN_FLIGHT_S + context.rhythm.quiet_s - 1)
    return len(polls)
