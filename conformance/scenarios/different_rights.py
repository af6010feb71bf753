"""Scenario: two viewers with different subscriptions browse and play at the same time."""

from __future__ import annotations

from pass_harness.conformance.facts.exchanges import decisions
from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class DifferentRights(Scenario):
    id = "different-rights"
    title = "Two viewers with different subscriptions watch at the same time"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        """Let both ask for a resource that only the first one's subscription has, in turn."""
        other = context.companion()
        await context.log_in()
        await other.log_in(username=context.sample.other_subscriber)
        started_s = context.now_s()
        for _ in range(2):
            for viewer in (context, other):
                if "preauthorize" in viewer.driver.available:
                    await viewer.ask("preauthorize", resources=list(viewer.sample.all))
                await viewer.watch(viewer.sample.denied_to_other)
        for viewer in (context, other):
            await viewer.require_request("decisions.authorize", started_s)
        if len({await _permitted(viewer, started_s) for viewer in (context, other)}) < 2:
            context.shortfalls.append(
                f"Adobe Pass decided alike on {context.sample.denied_to_other} for both viewers, so nothing shows "
                "that the service keeps their decisions apart"
            )


async def _permitted(viewer: ScenarioContext, since_s: float) -> bool:
    """Return whether Adobe Pass permitted the viewer the resource."""
    return any(
        decision.get("authorized")
        for exchange in (await viewer.traffic(since_s)).own
        if exchange.endpoint == "decisions.authorize"
        for decision in decisions(exchange)
    )
