"""A viewer who has been with several TV providers comes back to the first."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import Stage


class SeveralProfiles(Scenario):
    id = "several-profiles"
    title = "A viewer has profiles of several TV providers"
    needs = frozenset({"login", "status", "logout"})

    async def play(self, stage: Stage) -> None:
        """After the logout of the third the service knows nothing, and Adobe Pass still knows two."""
        mvpds = (stage.programme.mvpd, *stage.programme.others)
        for mvpd in mvpds:
            await stage.log_in(mvpd)
        await stage.do("logout")
        await stage.do_if_mapped("start")
        await stage.ask("login", mvpd=mvpds[0], screen="primary")
        await stage.do("status")
