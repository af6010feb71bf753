"""Adobe Pass moves to another data centre, and its name with it."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError
from pass_harness.conformance.scenarios.scenario import Scenario

KEPT = 30.0
"""Seconds for which an address may be remembered."""
MARGIN = 2.0
CALLS = 40
"""So many broken connections use up any pool that this suite fills."""


class DataCentreMoved(Scenario):
    id = "data-centre-moved"
    title = "Adobe Pass moves to another data centre"
    needs = frozenset({"login", "data_centres"})
    exclusive = True

    def __init__(self) -> None:
        self._moved = 0.0

    async def prepare(self, context: ScenarioContext) -> None:
        """The name moves at the beginning, so that the wait is over when the other scenarios are."""
        await context.new_code("primary")
        before, began = await context.control.data_centres(), context.now_s()
        after = await context.control.fail_over()
        context.record("fail_over", began, arguments={"from": before.active, "to": after.active})
        self._moved = context.now_s()

    async def play(self, context: ScenarioContext) -> None:
        await context.seconds(max(0.0, self._moved + KEPT + MARGIN - context.now_s()))
        known = {exchange.connection for exchange in await context.exchanges()}
        # Each reset breaks one pooled connection; the service opens a new one when none is left.
        for _ in range(CALLS):
            await context.behave({"connection": "reset"}, times=1)
            await context.ask("login", mvpd=context.programme.mvpd, screen="primary")
            await context.clear_behaviours()
            if {exchange.connection for exchange in await context.exchanges(ip=context.device.ip)} - known:
                return
        raise ScenarioError(f"the service opened no new connection in {CALLS} logins whose first call was broken")
