"""Scenario: Adobe Pass fails for all viewers, who keep trying."""

from __future__ import annotations

import asyncio

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

VIEWERS = 16
"""Number of devices. Without retries they make more calls in two thirds of the outage than the circuit breaker of any
library needs to open."""
OUTAGE_S = 9.0
PLAY_INTERVAL_S = 0.7
"""Time between two plays of a device, which stays below the rate limit of Adobe Pass."""
RECOVERS_WITHIN_S = 65.0
"""Time after which a service must call Adobe Pass again. The circuit breakers of several libraries (Resilience4j,
gobreaker, pybreaker) stay open for a minute by default, and the scenarios that follow need one that is closed."""
TRIES_EVERY_S = 2.0
"""Pause between two plays after the outage: all of them together stay below the rate limit, too."""


class LastingOutage(Scenario):
    id = "lasting-outage"
    title = "Adobe Pass fails for all viewers for a while"
    needs = frozenset({"login", "status", "play"})
    exclusive = True

    def __init__(self) -> None:
        self._viewers: list[ScenarioContext] = []

    async def prepare(self, context: ScenarioContext) -> None:
        self._viewers = [context, *(context.companion() for _ in range(VIEWERS - 1))]
        await asyncio.gather(*(viewer.log_in() for viewer in self._viewers))

    async def play(self, context: ScenarioContext) -> None:
        outage = await context.behave({"status": 503}, everywhere=True)
        await asyncio.gather(*(_keep_trying(viewer) for viewer in self._viewers))
        await context.require_effect(outage)
        await context.clear_behaviours()
        if not await _recovers(context):
            context.notes.append(f"the service had not recovered {RECOVERS_WITHIN_S:g} s after the outage")


async def _keep_trying(context: ScenarioContext) -> None:
    """Play repeatedly until the end of the outage; a slow service gets fewer requests."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + OUTAGE_S
    while loop.time() < end_s:
        await asyncio.gather(context.ask("play", resource=context.sample.permitted), context.seconds(PLAY_INTERVAL_S))


async def _recovers(context: ScenarioContext) -> bool:
    for _ in range(round(RECOVERS_WITHIN_S / TRIES_EVERY_S)):
        if (await context.watch(context.sample.permitted)).returns.get("allowed"):
            return True
        await context.seconds(TRIES_EVERY_S)
    return False
