"""Scenario: Adobe Pass moves to another data centre, and its DNS name with it."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError
from pass_harness.conformance.scenarios.scenario import Scenario

DNS_CACHE_S = 30.0
"""Time for which the service may cache an address."""
MARGIN_S = 2.0
CALLS = 40
"""Number of broken connections that empties any connection pool filled by this suite."""


class DataCentreMoved(Scenario):
    id = "data-centre-moved"
    title = "Adobe Pass moves to another data centre"
    needs = frozenset({"login", "data_centres"})
    exclusive = True

    def __init__(self) -> None:
        self._moved_at_s = 0.0

    async def prepare(self, context: ScenarioContext) -> None:
        """Move the name at the beginning, so that the wait passes while the other scenarios run."""
        await context.new_code("primary")
        before, started_s = await context.control.data_centres(), context.now_s()
        after = await context.control.fail_over()
        context.record("fail_over", started_s, arguments={"from": before.active, "to": after.active})
        self._moved_at_s = context.now_s()

    async def play(self, context: ScenarioContext) -> None:
        await context.seconds(max(0.0, self._moved_at_s + DNS_CACHE_S + MARGIN_S - context.now_s()))
        known = {exchange.connection for exchange in await context.journal()}
        # Each reset breaks one pooled connection; the service opens a new one when none is left.
        for _ in range(CALLS):
            viewer = context.companion()  # so many logins of one device would exceed its rate limit
            await viewer.behave({"connection": "reset"}, times=1)
            await viewer.ask("login", mvpd=viewer.sample.mvpd, screen="primary")
            await viewer.clear_behaviours()
            if {exchange.connection for exchange in await viewer.exchanges(ip=viewer.device.ip)} - known:
                return
        raise ScenarioError(
            f"the service opened no new connection in {CALLS} logins whose first connection was reset"
        )
