"""Adobe Pass throttles the device in the middle of an evening."""

from __future__ import annotations

from conformance.scenarios.scenario import Scenario
from conformance.scenarios.stage import ScenarioError, Stage


class Throttled(Scenario):
    id = "throttled"
    title = "A device makes more calls than Adobe Pass allows"
    needs = frozenset({"login", "status", "play"})

    async def play(self, stage: Stage) -> None:
        await stage.log_in()
        await stage.behave({"throttle": {"rate": 0.5, "burst": 0}})
        for _ in range(3):
            # An app may well be told to try later, so a failed verb is an answer here.
            await stage.watch(stage.programme.permitted)
        if not (await stage.exchanges(ip=stage.device.ip, status="429")):
            raise ScenarioError(
                f"no request from {stage.device.ip} was throttled: the service must make one authorize call per "
                "play and pass the device's address on as the first of X-Forwarded-For"
            )
