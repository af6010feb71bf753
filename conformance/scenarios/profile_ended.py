"""A TV provider ends a viewer's login, and nobody tells the service."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import ScenarioError, Stage


class ProfileEnded(Scenario):
    id = "profile-ended"
    title = "The TV provider ends a login"
    needs = frozenset({"login", "status", "play"})

    async def play(self, stage: Stage) -> None:
        code = await stage.new_code("secondary")
        await stage.viewer_logs_in(code)
        await stage.until_authenticated()
        device = next((e.device for e in await stage.exchanges(code=code) if e.device), None)
        if device is None or not await stage.control.end_profiles(device=device):
            raise ScenarioError(f"the login of code {code} left no profile that could be ended")
        await stage.ask("play", resource=stage.programme.permitted)
        await stage.do("status")
