"""Somebody stands in the place of Adobe Pass, with a certificate that nobody vouches for."""

from __future__ import annotations

from pass_harness.conformance.scenarios.impostor_server import Impostor
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.stage import ScenarioError, Stage

CALLS_WITHIN = 5.0


class ImpostorAnswers(Scenario):
    id = "impostor"
    title = "An impostor stands in the place of Adobe Pass"
    needs = frozenset({"login", "repoint"})
    exclusive = True

    async def play(self, stage: Stage) -> None:
        began = stage.now()
        async with Impostor() as impostor:
            await stage.repoint(impostor.url)
            await stage.ask("login", mvpd=stage.programme.mvpd, screen="primary")
            await impostor.met(CALLS_WITHIN)
            await stage.repoint(None)
        stage.record("repoint", began, returns={"refused": impostor.refused, "trusted": impostor.trusted})
        if not impostor.refused and not impostor.trusted:
            raise ScenarioError(
                f"nobody connected to {impostor.url}: repoint must make the service take that for Adobe Pass"
            )
