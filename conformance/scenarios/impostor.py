"""Scenario: another server answers in place of Adobe Pass, with a certificate from an unknown authority."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError
from pass_harness.conformance.scenarios.impostor_server import Impostor
from pass_harness.conformance.scenarios.scenario import Scenario

CALLS_WITHIN_S = 5.0


class ImpostorAnswers(Scenario):
    id = "impostor"
    title = "A server with an untrusted certificate answers in place of Adobe Pass"
    needs = frozenset({"login", "repoint"})
    exclusive = True

    async def play(self, context: ScenarioContext) -> None:
        started_s = context.now_s()
        async with Impostor() as impostor:
            await context.repoint(impostor.url)
            await context.ask("login", mvpd=context.sample.mvpd, screen="primary")
            await impostor.wait_for_connection(CALLS_WITHIN_S)
            await context.repoint(None)
        context.record("repoint", started_s, returns={"refused": impostor.refused, "trusted": impostor.trusted})
        if not impostor.refused and not impostor.trusted:
            raise ScenarioError(
                f"the service did not connect to {impostor.url}: the repoint command must make it call that address"
            )
