"""Scenario: Adobe Pass throttles the device."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError
from pass_harness.conformance.scenarios.scenario import Scenario

RATES = (0.5, 0.05)
"""Calls per second. The lower rate is for a busy machine, whose plays come more slowly than the other allows."""


class Throttled(Scenario):
    id = "throttled"
    title = "A device makes more calls than Adobe Pass allows"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        started_s = context.now_s()
        for rate in RATES:
            await context.clear_behaviours()
            await context.behave({"throttle": {"rate": rate, "burst": 0}})
            for _ in range(3):
                # The service may ask the app to try later, so a failed verb is acceptable here.
                await context.watch(context.sample.permitted)
            if await context.exchanges(ip=context.device.ip, status="429"):
                return
        raise ScenarioError(
            f"no request from {context.device.ip} was throttled in three plays at {RATES[-1]} calls a second: "
            f"{(await context.traffic(started_s)).describe()}"
        )
