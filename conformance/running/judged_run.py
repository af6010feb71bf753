"""A judged run: plays every scenario against the service, collects the exchanges at the mock, and judges them.

`judge_service` is the one composition of control API, driver, scenarios, rules and report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpx

from pass_harness.conformance.drivers.connection import connect, with_data_centres
from pass_harness.conformance.drivers.restart import Repointer, Restarter
from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.evaluation.engine import Judge, RuleResult, in_order, lacking
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.readers.journal_pages import follow
from pass_harness.conformance.reports.model import Report, Run, ScenarioReport, compose
from pass_harness.conformance.rule import Rule
from pass_harness.conformance.running.diagnosis import Diagnosis
from pass_harness.conformance.running.doctor import PROBE, check_mock, examine
from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.conformance.scenarios.context import SampleData, ScenarioContext
from pass_harness.conformance.scenarios.player import play_all
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.fixtures.devices import new_devices
from pass_harness.mock_server.client.async_client import ControlClient, ControlError

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
    now_s: Callable[[], float] = time.time,
    waivers: Waivers | None = None,
) -> Report:
    """Play the scenarios against the service, and return the report on the exchanges at the mock.

    ``seed`` generates the devices; with another one for each run, a service has not seen them before. ``now_s``
    returns seconds since the epoch on this machine. ``restarter`` and ``repointer`` replace the commands of the
    configuration. If the doctor finds a fatal problem, the report has it as the failed scenario "doctor".

    Raises `HarnessError` if the connection to the mock is lost.
    """
    started_s = time.monotonic()
    run = Run(
        mock=mock_url,
        service=config.service.name,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        files=[str(config.path)],
        scenarios_left_out=[scenario.id for scenario in SCENARIOS if scenario not in scenarios],
    )
    try:
        async with ControlClient(mock_url, token=control_token) as control:
            if (problem := await check_mock(control, now_s)) is not None:
                return unjudged(rules, run, [problem])
            async with connect(config, control, restarter=restarter, repointer=repointer) as connection:
                devices = new_devices(seed)
                problems, calls = await examine(config, connection, next(devices))
                for problem in problems:
                    announce(str(problem))
                if any(problem.fatal for problem in problems):
                    return unjudged(rules, run, problems)
                connection = await with_data_centres(connection)  # noqa: PLW2901 - the same connection with more facilities
                available = connection.available
                sample = SampleData(mvpd=config.service.mvpd)
                announce(f"playing {len(scenarios)} scenarios, most of them concurrently")
                played = await play_all(
                    scenarios,
                    available=available,
                    new_context=lambda scenario: ScenarioContext(scenario, devices, connection, sample, calls),
                    announce=announce,
                )
                exchanges = [exchange async for exchange in follow(control, connection.after)]
    except (httpx.TransportError, ControlError) as error:
        raise HarnessError(
            f"lost the connection to the mock at {mock_url}: {error or type(error).__name__}"
        ) from error
    run.seconds = round(time.monotonic() - started_s, 3)
    run.exchanges = len(exchanges)
    run.max_lag_ms = max((exchange.lag_ms for exchange in exchanges), default=0.0)
    results = judge([*exchanges, *calls], rules, config, available, waivers)
    return compose(results, run=run, scenarios=played, waivers=waivers)


def judge(
    seen: Sequence[Observation],
    rules: Sequence[type[Rule]],
    config: ServiceConfig,
    available: frozenset[str],
    waivers: Waivers | None = None,
) -> list[RuleResult]:
    """Return the results of the rules for all observations of a run, given in any order."""
    expectations = Expectations(instances=config.service.instances, hidden_mvpds=config.service.hidden_mvpds)
    evaluation = Judge(rules, expectations, history=EvidenceHistory(len(seen)), waivers=waivers)
    for observation in in_order(seen, buffer=len(seen)):
        evaluation.observe(observation)
    return evaluation.conclude(untestable=lacking(rules, available))


def unjudged(rules: Sequence[type[Rule]], run: Run, problems: Sequence[Diagnosis]) -> Report:
    """Return the report of a run that could not begin: every rule is not exercised, and the problems are listed."""
    failed = [
        ScenarioReport(id=PROBE, verdict="failed", seconds=0.0, note=f"{p.problem}. {p.remedy}", blame=str(p.blame))
        for p in problems
    ]
    return compose(Judge(rules, Expectations()).conclude(), run=run, scenarios=failed)
