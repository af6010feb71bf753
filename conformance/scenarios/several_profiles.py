"""A viewer who has been with several TV providers comes back to the first."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario


class SeveralProfiles(Scenario):
    id = "several-profiles"
    title = "A viewer has profiles of several TV providers"
    needs = frozenset({"login", "status", "logout"})

    async def play(self, context: ScenarioContext) -> None:
        """After the logout of the third the service knows nothing, and Adobe Pass still knows two."""
        mvpds = (context.programme.mvpd, *context.programme.others)
        for mvpd in mvpds:
            await context.log_in(mvpd)
        await context.do("logout")
        await context.do_if_mapped("start")
        await context.ask("login", mvpd=mvpds[0], screen="primary")
        await context.do("status")
