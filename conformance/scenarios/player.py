"""Runs scenarios: those of one device at the same time, exclusive ones alone and last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import httpx

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.facilities import describe_needs
from pass_harness.conformance.outcomes import Blame
from pass_harness.conformance.reports.model import ScenarioReport
from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError, ScenarioSkipped
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.mock_server.client.async_client import ControlError

SCENARIO_TIMEOUT_S = 180.0


async def play_all(
    scenarios: Sequence[type[Scenario]],
    *,
    available: frozenset[str],
    new_context: Callable[[str], ScenarioContext],
    announce: Callable[[str], None],
    at_once: int | None = None,
) -> list[ScenarioReport]:
    """Run the scenarios that the available verbs allow. Return one report for each, skipped ones too, in order.

    ``at_once`` limits the number of scenarios that run concurrently.

    Raises `ConfigError` if a driver turns out to be invalid during the run.
    """
    runs = {s.id: _ScenarioRun(s(), new_context(s.id), announce) for s in scenarios if not s.needs - available}
    concurrent = [run for run in runs.values() if not run.scenario.exclusive]
    exclusive = [run for run in runs.values() if run.scenario.exclusive]
    slots = asyncio.Semaphore(at_once or len(runs) or 1)

    async def in_turn(part: Callable[[], Awaitable[None]]) -> None:
        async with slots:
            await part()

    config_error: Exception | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for run in concurrent:
                group.create_task(in_turn(run.play))
            for run in exclusive:
                group.create_task(in_turn(run.prepare))
    except* ConfigError as errors:
        config_error = errors.exceptions[0]
    if config_error is not None:
        raise config_error
    for run in exclusive:
        await run.play()
    return [runs[s.id].report() if s.id in runs else _skipped(s, available) for s in scenarios]


class _ScenarioRun:
    """One scenario with its context and its result."""

    def __init__(self, scenario: Scenario, context: ScenarioContext, announce: Callable[[str], None]) -> None:
        self.scenario = scenario
        self._context = context
        self._announce = announce
        self._duration_s = 0.0
        self._failure: tuple[str, Blame] | None = None
        self._skipped = ""

    async def prepare(self) -> None:
        await self._run(self.scenario.prepare)

    async def play(self) -> None:
        if self._failure is None and not self._skipped:
            await self._run(self.scenario.play)
        report = self.report()
        self._announce(" ".join(filter(None, (report.id, report.verdict, f"({report.seconds:.1f} s)", report.note))))

    def report(self) -> ScenarioReport:
        note, blame = self._failure or (self._skipped, Blame.SERVICE if self._context.shortfalls else None)
        failed = self._failure is not None or self._context.shortfalls
        return ScenarioReport(
            id=self.scenario.id,
            verdict="failed" if failed else "skipped" if self._skipped else "passed",
            seconds=round(self._duration_s, 3),
            note="; ".join(filter(None, (note, *self._context.shortfalls, *self._context.notes))),
            blame=str(blame) if blame else None,
        )

    async def _run(self, part: Callable[[ScenarioContext], Awaitable[None]]) -> None:
        started_s = time.monotonic()
        try:
            async with asyncio.timeout(SCENARIO_TIMEOUT_S):
                try:
                    await part(self._context)
                finally:
                    await self._context.clear_behaviours()
        except ScenarioError as error:
            self._failure = str(error), error.blame
        except ScenarioSkipped as reason:
            self._skipped = str(reason)
        except TimeoutError:
            self._failure = f"did not end within {SCENARIO_TIMEOUT_S:g} s", Blame.SERVICE
        except (httpx.TransportError, ControlError) as error:
            self._failure = f"the mock failed: {str(error) or type(error).__name__}", Blame.HARNESS
        self._duration_s += time.monotonic() - started_s


def _skipped(scenario: type[Scenario], available: frozenset[str]) -> ScenarioReport:
    note = f"not played: it needs {describe_needs(scenario.needs - available)}"
    return ScenarioReport(id=scenario.id, verdict="skipped", seconds=0.0, note=note, blame=str(Blame.CONFIG))
