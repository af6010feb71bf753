"""Adobe Pass is out of order for everybody, and viewers go on trying."""

from __future__ import annotations

import asyncio

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

VIEWERS = 4
LASTS = 9.0
PRESSES_PLAY_EVERY = 0.7
"""Seconds: a device stays below what Adobe Pass throttles."""
RECOVERS_WITHIN = 10.0


class LastingOutage(Scenario):
    id = "lasting-outage"
    title = "Adobe Pass is out of order for all viewers"
    needs = frozenset({"login", "status", "play"})
    exclusive = True

    def __init__(self) -> None:
        self._stages: list[ScenarioContext] = []

    async def prepare(self, context: ScenarioContext) -> None:
        self._stages = [context, *(context.companion() for _ in range(VIEWERS - 1))]
        await asyncio.gather(*(viewer.log_in() for viewer in self._stages))

    async def play(self, context: ScenarioContext) -> None:
        out_of_order = await context.behave({"status": 503}, everywhere=True)
        await asyncio.gather(*(_go_on_trying(viewer) for viewer in self._stages))
        await context.require_effect(out_of_order)
        await context.clear_behaviours()
        if not await _recovers(context):
            context.notes.append(f"the service had not recovered {RECOVERS_WITHIN:g} s after the outage")


async def _go_on_trying(context: ScenarioContext) -> None:
    """Plays every now and then; a service that answers slowly is asked less often, but all along."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + LASTS
    while loop.time() < ends:
        await asyncio.gather(
            context.ask("play", resource=context.programme.permitted), context.seconds(PRESSES_PLAY_EVERY)
        )


async def _recovers(context: ScenarioContext) -> bool:
    for _ in range(round(RECOVERS_WITHIN * 2)):
        if (await context.watch(context.programme.permitted)).returns.get("allowed"):
            return True
        await context.seconds(0.5)
    return False
