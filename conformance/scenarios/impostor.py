"""Somebody stands in the place of Adobe Pass, with a certificate that nobody vouches for."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError
from pass_harness.conformance.scenarios.impostor_server import Impostor
from pass_harness.conformance.scenarios.scenario import Scenario

CALLS_WITHIN = 5.0


class ImpostorAnswers(Scenario):
    id = "impostor"
    title = "An impostor stands in the place of Adobe Pass"
    needs = frozenset({"login", "repoint"})
    exclusive = True

    async def play(self, context: ScenarioContext) -> None:
        began = context.now_s()
        async with Impostor() as impostor:
            await context.repoint(impostor.url)
            await context.ask("login", mvpd=context.programme.mvpd, screen="primary")
            await impostor.met(CALLS_WITHIN)
            await context.repoint(None)
        context.record("repoint", began, returns={"refused": impostor.refused, "trusted": impostor.trusted})
        if not impostor.refused and not impostor.trusted:
            raise ScenarioError(
                f"nobody connected to {impostor.url}: repoint must make the service take that for Adobe Pass"
            )
