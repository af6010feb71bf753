"""A judged run: drive the service through every scenario, collect what the mock saw, and judge it.

`judge_service` is the one visible composition of control API, driver, scenarios, rules and report.
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
from pass_harness.conformance.running.doctor import PROBE, examine, mock_answers
from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.conformance.scenarios.context import SampleData, ScenarioContext
from pass_harness.conformance.scenarios.player import play_all
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.fixtures.devices import new_devices
from pass_harness.mock_server.client.async_client import ControlClient, ControlError

Announce = Callable[[str], None]
"""Takes a line of progress."""


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
    """Plays the scenarios against the service and judges the exchanges at the mock.

    ``seed`` chooses the devices: another one for each run, so that a service which remembers devices takes them
    for new. ``now_s`` returns seconds since the epoch on this machine. ``restarter`` replaces the restart command of
    the configuration. Where nothing can be judged the report says why, as the scenario "doctor". Raises
    `HarnessError` if the mock is lost on the way.
    """
    began = time.monotonic()
    run = Run(
        mock=mock_url,
        service=config.service.name,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        files=[str(config.path)],
        scenarios_left_out=[scenario.id for scenario in SCENARIOS if scenario not in scenarios],
    )
    try:
        async with ControlClient(mock_url, token=control_token) as control:
            if (problem := await mock_answers(control, now_s)) is not None:
                return unjudged(rules, run, [problem])
            async with connect(config, control, restarter=restarter, repointer=repointer) as connection:
                devices = new_devices(seed)
                problems, calls = await examine(config, connection, next(devices))
                for problem in problems:
                    announce(str(problem))
                if any(problem.fatal for problem in problems):
                    return unjudged(rules, run, problems)
                connection = await with_data_centres(connection)  # noqa: PLW2901 - the same one, better known
                available = connection.available
                sample = SampleData(mvpd=config.service.mvpd)
                announce(f"playing {len(scenarios)} scenarios, most of them at once")
                played = await play_all(
                    scenarios,
                    available=available,
                    new_context=lambda scenario: ScenarioContext(scenario, devices, connection, sample, calls),
                    announce=announce,
                )
                exchanges = [exchange async for exchange in follow(control, connection.after)]
    except (httpx.TransportError, ControlError) as error:
        raise HarnessError(f"the mock at {mock_url} was lost: {error or type(error).__name__}") from error
    run.seconds = round(time.monotonic() - began, 3)
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
    """What the rules say of all observations of a run, in whatever order they come."""
    expectations = Expectations(instances=config.service.instances, hidden_mvpds=config.service.hidden_mvpds)
    bench = Judge(rules, expectations, history=EvidenceHistory(len(seen)), waivers=waivers)
    for observation in in_order(seen, buffer=len(seen)):
        bench.observe(observation)
    return bench.conclude(untestable=lacking(rules, available))


def unjudged(rules: Sequence[type[Rule]], run: Run, problems: Sequence[Diagnosis]) -> Report:
    """The report of a run that could not begin: every rule not exercised, and what the doctor found."""
    failed = [
        ScenarioReport(id=PROBE, verdict="failed", seconds=0.0, note=f"{p.what}. {p.remedy}", blame=str(p.blame))
        for p in problems
    ]
    return compose(Judge(rules, Expectations()).conclude(), run=run, scenarios=failed)
