"""Scenario: a viewer with profiles of several TV providers returns to the first one."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class SeveralProfiles(Scenario):
    id = "several-profiles"
    title = "A viewer has profiles of several TV providers"
    needs = frozenset({"login", "status", "logout"})

    async def play(self, context: ScenarioContext) -> None:
        """Log in with three TV providers and out of the last: only Adobe Pass still has the other two profiles."""
        mvpds = (context.sample.mvpd, *context.sample.others)
        for mvpd in mvpds:
            await context.log_in(mvpd)
        await context.do("logout")
        await context.do_if_mapped("start")
        await context.ask("login", mvpd=mvpds[0], screen="primary")
        await context.do("status")
