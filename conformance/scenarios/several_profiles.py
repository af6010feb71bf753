"""Scenario: a viewer with profiles of several TV providers returns to the first one."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError, ScenarioSkipped
from pass_harness.conformance.scenarios.scenario import Scenario


class SeveralProfiles(Scenario):
    id = "several-profiles"
    title = "A viewer has profiles of several TV providers"
    needs = frozenset({"login", "status", "logout"})

    async def play(self, context: ScenarioContext) -> None:
        """Log in with three TV providers and out of the last: only Adobe Pass still has the other two profiles."""
        mvpds = (context.sample.mvpd, *context.sample.others)
        for mvpd in mvpds:
            await _log_in(context, mvpd)
        await context.do("logout")
        await context.do_if_mapped("start")
        await context.ask("login", mvpd=mvpds[0], screen="primary")
        await context.do("status")


async def _log_in(context: ScenarioContext, mvpd: str) -> None:
    """Log in with one more TV provider. The state alone shows nothing: the viewer may be logged in already."""
    started_s = context.now_s()
    call = await context.ask("login", mvpd=mvpd, screen="secondary")
    code = call.returns.get("code")
    if not code and mvpd != context.sample.mvpd and not call.broke:
        answer = call.failure or f"it returned {call.returns}"
        raise ScenarioSkipped(f"the service offers a viewer who is logged in no login with {mvpd}: {answer}")
    if not code:
        raise ScenarioError(f"login returned no code: {call.failure or call.returns}")
    logged_in_s = context.now_s()
    await context.viewer_logs_in(str(code))
    await context.browser_returns()
    if not await context.fetches_profile(mvpd, logged_in_s):
        raise ScenarioError(
            f"the service did not fetch the profile of {mvpd} within {context.rhythm.notices_within_s:g} s of its "
            f"login: "
            f"{(await context.traffic(logged_in_s)).describe()}"
        )
    await context.until_authenticated()
    if (left := await _logged_out_of(context, mvpd, started_s)) is not None:
        raise ScenarioSkipped(
            f"the service logs a viewer out of {left} when they choose {mvpd}, so no viewer has profiles of several "
            "TV providers"
        )


async def _logged_out_of(context: ScenarioContext, mvpd: str, since_s: float) -> str | None:
    """Return another TV provider of which the service ended the profile since a time on the mock's clock."""
    traffic = await context.traffic(since_s)
    ended = (exchange.mvpd for exchange in traffic.own if exchange.endpoint == "logout" and exchange.mvpd != mvpd)
    return next(ended, None)
