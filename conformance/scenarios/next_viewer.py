"""Scenario: another viewer logs in on the device after a logout."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.logout import LATER_S
from pass_harness.conformance.scenarios.scenario import Scenario


class NextViewer(Scenario):
    id = "next-viewer"
    title = "Another viewer logs in after a logout and opens the catalogue"
    needs = frozenset({"login", "status", "logout", "preauthorize"})

    async def play(self, context: ScenarioContext) -> None:
        """Open the catalogue in the same run of the app, before and after the change of viewers."""
        resources = list(context.sample.all)
        await context.log_in()
        await context.do("preauthorize", resources=resources)
        await context.do("logout")
        await context.seconds(LATER_S)
        # Nobody is logged in: the service may refuse the request, but the first viewer's permits are gone.
        await context.ask("preauthorize", resources=resources)
        await context.log_in()
        await context.do("preauthorize", resources=resources)
