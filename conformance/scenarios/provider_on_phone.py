"""Scenario: a TV shows a code first, and the viewer chooses the TV provider on a phone."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError, ScenarioSkipped
from pass_harness.conformance.scenarios.scenario import Scenario


class ProviderOnPhone(Scenario):
    id = "provider-on-phone"
    title = "A TV shows a code before the viewer chooses a TV provider on a phone"
    needs = frozenset({"login", "enter_code", "status", "provider_on_phone"})

    async def play(self, context: ScenarioContext) -> None:
        """Request a code without a TV provider; the second screen resumes its session with one."""
        call = await context.ask("login", mvpd=None, screen="secondary")
        code = call.returns.get("code")
        if not code:
            answer = call.failure or f"login returned {call.returns}"
            if call.broke:
                raise ScenarioError(f"the service gives no code: {answer}")
            await context.new_code("secondary")  # a service that gives no code at all has failed
            raise ScenarioSkipped(f"the service gives no code before a TV provider is chosen: {answer}")
        started_s = context.now_s()
        await context.do("enter_code", code=code, mvpd=context.sample.mvpd)
        await context.require_request("sessions.resume", started_s)
        await context.viewer_logs_in(str(code))
        await context.until_authenticated()
        if "play" in context.driver.available:
            await context.watch(context.sample.permitted)
