"""A judged run: plays every scenario against the service, collects the exchanges at the mock, and judges them.

`judge_service` is the one composition of control API, driver, scenarios, rules and report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import httpx

from pass_harness.conformance.drivers.connection import connect, with_data_centres
from pass_harness.conformance.drivers.restart import Repointer, Restarter
from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.evaluation.engine import Judge, RuleResult
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.lags import in_stalls
from pass_harness.conformance.evaluation.ordering import in_order
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.readers.journal_pages import (
    check_clock,
    first_of_run,
    registrations,
    stalls_since,
    whole_run,
)
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.model import Report, ScenarioReport
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.rule import Rule
from pass_harness.conformance.running import repeats
from pass_harness.conformance.running.diagnosis import Diagnosis
from pass_harness.conformance.running.doctor import PROBE, check_mock, examine
from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.conformance.scenarios.context import SampleData, ScenarioContext, Stage
from pass_harness.conformance.scenarios.opportunities import opportunities
from pass_harness.conformance.scenarios.player import play_all
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.fixtures.devices import new_devices
from pass_harness.mock_server.client.async_client import ControlClient, ControlError
from pass_harness.mock_server.exchange import Exchange, Stall

Announce = Callable[[str], None]
"""A function that prints a line of progress."""


async def judge_service(
    config: ServiceConfig,
    mock_url: str,
    rules: Sequence[type[Rule]],
    *,
    seed: int,
    announce: Announce,
    control_token: str | None = None,
    restarter: Restarter | None = None,
    repointer: Repointer | None = None,
    scenarios: Sequence[type[Scenario]] = SCENARIOS,
    left_out_because: str = "",
    now_s: Callable[[], float] = time.time,
    waivers: Waivers | None = None,
) -> Report:
    """Play the scenarios against the service, and return the report on the exchanges at the mock.

    ``seed`` generates the devices; with another one for each run, a service has not seen them before. ``now_s``
    returns seconds since the epoch on this machine. ``left_out_because`` is the reason why ``scenarios`` are not all,
    for the report. ``restarter`` and ``repointer`` replace the commands of the
    configuration. If the doctor finds a fatal problem, the report has it as the failed scenario "doctor".

    Raises `HarnessError` if the connection to the mock, or a part of its journal, is lost.
    """
    started_s = time.monotonic()
    run = Run(
        mock=mock_url,
        service=config.service.name,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        files=[str(config.path)],
        left_out_because=left_out_because,
        scenarios_left_out=[scenario.id for scenario in SCENARIOS if scenario not in scenarios],
    )
    try:
        async with ControlClient(mock_url, token=control_token) as control:
            if (problem := await check_mock(control, now_s)) is not None:
                return unjudged(rules, run, [problem])
            async with connect(config, control, restarter=restarter, repointer=repointer) as connection:
                devices = new_devices(seed)
                began_s = (await control.health()).wall
                before_run = await registrations(control, connection.after)
                problems, calls = await examine(config, connection, next(devices))
                first = await first_of_run(control, connection.after)
                for problem in problems:
                    announce(str(problem))
                if any(problem.fatal for problem in problems):
                    return unjudged(rules, run, problems)
                connection = await with_data_centres(connection)  # noqa: PLW2901 - the same connection with more facilities
                available = connection.available
                stage = Stage(connection, devices, SampleData(mvpd=config.service.mvpd), calls)
                announce(f"playing {_counted(scenarios)}")
                play = partial(
                    play_all,
                    available=available,
                    new_context=lambda scenario: ScenarioContext(scenario, stage),
                    announce=announce,
                )
                played = await play(scenarios)
                exchanges = await whole_run(control, connection.after, first)
                stalls = await stalls_since(control, began_s)
                seen: list[Observation] = [*exchanges, *(in_stalls(call, stalls) for call in calls)]
                results = judge(seen, rules, config, available, waivers, run, before_run, stalls)
                if again := repeats.to_repeat(results, seen, scenarios):
                    announce(f"playing {_counted(again)} again, because the mock lagged")
                    kept = repeats.without(seen, again)
                    earlier, until = len(calls), exchanges[-1].id
                    played = repeats.marked(played, await play(again, at_once=repeats.AT_ONCE))
                    later = await whole_run(control, until)
                    check_clock([exchanges[0], *later])
                    stalls = await stalls_since(control, began_s)
                    later_calls = [in_stalls(call, stalls) for call in calls[earlier:]]
                    unclear = repeats.inconclusive(rules, results)
                    second = judge(
                        [*kept, *later, *later_calls], unclear, config, available, waivers, None, before_run, stalls
                    )
                    results = repeats.merged(results, second, again)
                    exchanges += later
    except (httpx.TransportError, ControlError) as error:
        raise HarnessError(
            f"lost the connection to the mock at {mock_url}: {error or type(error).__name__}"
        ) from error
    run.seconds = round(time.monotonic() - started_s, 3)
    run.exchanges = len(exchanges)
    run.add_stalls(stalls)
    run.max_lag_ms = max((exchange.lag_ms for exchange in exchanges), default=0.0)
    return compose(
        results,
        run=run,
        scenarios=played,
        waivers=waivers,
        seen=[*exchanges, *calls],
        exercised_by=opportunities(),
    )


def _counted(scenarios: Sequence[type[Scenario]]) -> str:
    return f"{len(scenarios)} scenario{'' if len(scenarios) == 1 else 's'}"


def judge(
    seen: Sequence[Observation],
    rules: Sequence[type[Rule]],
    config: ServiceConfig,
    available: frozenset[str],
    waivers: Waivers | None = None,
    run: Run | None = None,
    before_run: Sequence[Exchange] = (),
    stalls: Sequence[Stall] = (),
) -> list[RuleResult]:
    """Return the results of the rules for all observations of a run, given in any order, and describe ``run``.

    ``before_run`` are earlier registrations and token requests, which are not judged. ``stalls`` are those of the
    mock during the run.
    """
    expectations = Expectations(
        instances=config.service.instances,
        hidden_mvpds=config.service.hidden_mvpds,
        architecture=config.service.architecture,
    )
    history = EvidenceHistory(len(seen) + len(before_run))
    evaluation = Judge(rules, expectations, history=history, waivers=waivers)
    evaluation.recall(before_run)
    evaluation.learn_devices(seen)
    evaluation.stalled(stalls)
    for observation in in_order(seen, buffer=len(seen)):
        evaluation.observe(observation)
    results = evaluation.conclude(untestable=lacking(rules, available))
    if run is not None:
        run.describe(evaluation)
    return results


def unjudged(rules: Sequence[type[Rule]], run: Run, problems: Sequence[Diagnosis]) -> Report:
    """Return the report of a run that could not begin: every rule is not exercised, and the problems are listed."""
    failed = [
        ScenarioReport(id=PROBE, verdict="failed", seconds=0.0, note=f"{p.problem}. {p.remedy}", blame=str(p.blame))
        for p in problems
    ]
    return compose(Judge(rules, Expectations()).conclude(), run=run, scenarios=failed)
