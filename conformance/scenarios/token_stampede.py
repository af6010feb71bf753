"""Scenario: the access token ends while several viewers act at once."""

from __future__ import annotations

import asyncio

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.token_rejected import require_rejection

VIEWERS = 5
SLOW = "500ms"
"""Latency of a new token: without it, a fast service has the token before the next viewer needs one."""


class TokenStampede(Scenario):
    id = "token-stampede"
    title = "The access token ends while several viewers act at once"
    needs = frozenset({"login", "status", "play"})
    exclusive = True

    def __init__(self) -> None:
        self._viewers: list[ScenarioContext] = []

    async def prepare(self, context: ScenarioContext) -> None:
        self._viewers = [context, *(context.companion() for _ in range(VIEWERS - 1))]
        await asyncio.gather(*(viewer.log_in() for viewer in self._viewers))

    async def play(self, context: ScenarioContext) -> None:
        started_s = context.now_s()
        await context.behave({"latency": SLOW}, everywhere=True, endpoint="dcr.token")
        await context.control.revoke_access_tokens()
        await asyncio.gather(*(viewer.watch(viewer.sample.permitted) for viewer in self._viewers))
        await require_rejection(context, started_s)
