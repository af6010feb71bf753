"""Adobe Pass moves to another data centre, and its name with it."""

from __future__ import annotations

from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import ScenarioError, Stage

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

    async def prepare(self, stage: Stage) -> None:
        """The name moves at the beginning, so that the wait is over when the other scenarios are."""
        await stage.new_code("primary")
        before, began = await stage.control.data_centres(), stage.now()
        after = await stage.control.fail_over()
        stage.record("fail_over", began, arguments={"from": before.active, "to": after.active})
        self._moved = stage.now()

    async def play(self, stage: Stage) -> None:
        await stage.seconds(max(0.0, self._moved + KEPT + MARGIN - stage.now()))
        known = {exchange.connection for exchange in await stage.exchanges()}
        # Each reset breaks one pooled connection; the service opens a new one when none is left.
        for _ in range(CALLS):
            await stage.behave({"connection": "reset"}, times=1)
            await stage.ask("login", mvpd=stage.programme.mvpd, screen="primary")
            await stage.clear_behaviours()
            if {exchange.connection for exchange in await stage.exchanges(ip=stage.device.ip)} - known:
                return
        raise ScenarioError(f"the service opened no new connection in {CALLS} logins whose first call was broken")
