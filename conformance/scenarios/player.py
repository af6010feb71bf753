"""Plays scenarios: those that keep to their device at once, those that touch the whole service alone and last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import httpx

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.facilities import in_words
from pass_harness.conformance.outcomes import Blame
from pass_harness.conformance.reports.model import ScenarioReport
from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.mock_server.client.async_client import ControlError

SCENARIO_WITHIN = 180.0
"""Seconds after which a scenario is given up."""


async def play_all(
    scenarios: Sequence[type[Scenario]],
    *,
    available: frozenset[str],
    set_stage: Callable[[str], ScenarioContext],
    announce: Callable[[str], None],
) -> list[ScenarioReport]:
    """Plays what the available verbs allow; one report each, in the order given, of those left out too.

    Raises `ConfigError` where a driver turns out to be none on the way.
    """
    acts = {s.id: _Act(s(), set_stage(s.id), announce) for s in scenarios if not s.needs - available}
    first = [act for act in acts.values() if not act.scenario.exclusive]
    last = [act for act in acts.values() if act.scenario.exclusive]
    wrong: Exception | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for act in first:
                group.create_task(act.play())
            for act in last:
                group.create_task(act.prepare())
    except* ConfigError as errors:
        wrong = errors.exceptions[0]
    if wrong is not None:
        raise wrong
    for act in last:
        await act.play()
    return [acts[s.id].report() if s.id in acts else _left_out(s, available) for s in scenarios]


class _Act:
    """One scenario on its stage, and what became of it."""

    def __init__(self, scenario: Scenario, context: ScenarioContext, announce: Callable[[str], None]) -> None:
        self.scenario = scenario
        self._stage = context
        self._announce = announce
        self._seconds = 0.0
        self._failure: tuple[str, Blame] | None = None

    async def prepare(self) -> None:
        await self._perform(self.scenario.prepare)

    async def play(self) -> None:
        if self._failure is None:
            await self._perform(self.scenario.play)
        report = self.report()
        self._announce(" ".join(filter(None, (report.id, report.verdict, f"({report.seconds:.1f} s)", report.note))))

    def report(self) -> ScenarioReport:
        note, blame = self._failure or ("", None)
        return ScenarioReport(
            id=self.scenario.id,
            verdict="failed" if self._failure else "passed",
            seconds=round(self._seconds, 3),
            note="; ".join(filter(None, (note, *self._stage.notes))),
            blame=str(blame) if blame else None,
        )

    async def _perform(self, part: Callable[[ScenarioContext], Awaitable[None]]) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(SCENARIO_WITHIN):
                try:
                    await part(self._stage)
                finally:
                    await self._stage.clear_behaviours()
        except ScenarioError as error:
            self._failure = str(error), error.blame
        except TimeoutError:
            self._failure = f"was not at its end after {SCENARIO_WITHIN:g} s", Blame.SERVICE
        except (httpx.TransportError, ControlError) as error:
            self._failure = f"the mock failed: {error or type(error).__name__}", Blame.HARNESS
        self._seconds += time.monotonic() - began


def _left_out(scenario: type[Scenario], available: frozenset[str]) -> ScenarioReport:
    note = f"not played: it needs {in_words(scenario.needs - available)}"
    return ScenarioReport(id=scenario.id, verdict="skipped", seconds=0.0, note=note, blame=str(Blame.CONFIG))
