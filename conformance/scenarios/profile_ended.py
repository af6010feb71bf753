"""Scenario: a TV provider ends a viewer's login without informing the service."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError
from pass_harness.conformance.scenarios.scenario import Scenario


class ProfileEnded(Scenario):
    id = "profile-ended"
    title = "The TV provider ends a login"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        code = await context.new_code("secondary")
        await context.viewer_logs_in(code)
        await context.browser_returns()
        await context.until_authenticated()
        device = next((e.device for e in await context.exchanges(code=code) if e.device), None)
        if device is None or not await context.control.end_profiles(device=device):
            raise ScenarioError(f"the login of code {code} left no profile that could be ended")
        ended_s = context.now_s()
        await context.ask("play", resource=context.sample.permitted)
        await context.require_request("*", ended_s)
        await context.do("status")
