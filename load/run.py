"""A run of an event: generate the load, judge what the mock records, report.

`run_event` composes doctor, generator, incidents, evaluation and report.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx

from pass_harness.conformance.drivers.connection import connect, with_data_centres
from pass_harness.conformance.drivers.mock_clock import MockClock
from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.evaluation.tally import Finding
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.reports.composition import compose as compose_conformance
from pass_harness.conformance.reports.numbers import plural
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.rule_sets import RuleSet
from pass_harness.conformance.running.doctor import check_mock, examine
from pass_harness.conformance.running.judged_run import Announce
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.fixtures.devices import TEST_ADDRESSES, new_devices
from pass_harness.load.event import Event
from pass_harness.load.incident_runner import run_incidents
from pass_harness.load.ipc_messages import (
    AdobeCall,
    Arrival,
    Assignment,
    Attendance,
    Capacity,
    EventStart,
    GeneratorFailure,
    GeneratorMessage,
    TimedVerb,
    WarmUp,
)
from pass_harness.load.live_evaluation import BATCH, LiveJudge, follow_journal, judge_slowly
from pass_harness.load.locust_process import LocustOptions, generating
from pass_harness.load.preparation import Preparation
from pass_harness.load.report.model import GeneratorReport, LoadReport, compose
from pass_harness.load.run_metrics import served_metrics
from pass_harness.load.run_validity import reasons_against
from pass_harness.load.slo import Slo
from pass_harness.load.targets import Target
from pass_harness.load.viewers import DIRECT_VERBS
from pass_harness.mock_server.client.async_client import ControlClient, ControlError
from pass_harness.mock_server.store.opening import without_password

PROGRESS_INTERVAL_S = 10.0
ANNOUNCED_FINDINGS = 10
NO_ATTENDANCE = Attendance()


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """The inputs of a run."""

    event: Event
    target: Target
    rule_set: RuleSet
    slo: Slo | None
    seed: int
    rate: float | None
    locust: LocustOptions
    announce: Announce
    metrics_port: int | None = None
    """Port on 127.0.0.1 for the metrics of the run; none by default."""


async def run_event(spec: RunSpec) -> LoadReport:
    """Run the event against the target, judge its calls to Adobe Pass and return the report.

    If nothing can be judged, the report has the reasons. Raises `HarnessError` if the mock or the load generator
    fails during the run.
    """
    event, target = spec.event, spec.target
    run = Run(
        mock=without_password(target.mock),
        service=target.name,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        files=[str(target.service.path)] if target.service else [],
        rule_set=spec.rule_set.name,
    )
    # Without a service in between, each generating process is a client of its own.
    instances = target.service.service.instances if target.service else spec.locust.shares
    judge = LiveJudge(
        spec.rule_set.rules if target.mock else (),
        Expectations(instances=instances, hidden_mvpds=target.service.service.hidden_mvpds if target.service else ()),
        seconds=event.duration.seconds,
        found=_announcer(spec.announce),
    )
    preparation = Preparation(
        event,
        spec.announce,
        shares=spec.locust.shares,
        cores_for_target=0 if spec.rate else 1,  # a target on another machine has a rate
    )
    began = time.monotonic()
    problems: list[str] = []
    available = frozenset(target.service.verbs) if target.service else DIRECT_VERBS
    attendance = NO_ATTENDANCE
    try:
        async with AsyncExitStack() as stack:
            stack.enter_context(served_metrics(judge, event.name, spec.metrics_port))
            control: ControlClient | None = None
            if target.mock:
                control = await stack.enter_async_context(ControlClient(target.mock, token=target.control_token))
                problems, facilities = await _prepare(spec, control, judge)
                available |= facilities
            if not problems:
                attendance = await _generate_load(spec, control, judge, preparation, available)
    except (httpx.TransportError, ControlError) as error:
        raise HarnessError(
            f"the mock at {without_password(target.mock)} failed during the run: {str(error) or type(error).__name__}"
        ) from error
    judged_later = judge.waiting
    _judge_rest(judge, spec.announce)
    run.seconds = round(time.monotonic() - began, 3)
    run.exchanges = judge.exchanges
    run.add_stalls(judge.stalls)
    run.max_lag_ms = judge.traffic.lags.largest
    conformance = compose_conformance(judge.conclude(available), run=run)
    if not problems:
        problems = reasons_against(
            event, conformance, attendance, judge, judged=spec.slo is not None, shortage=preparation.shortage
        )
    generator = GeneratorReport(
        viewers_s=preparation.viewers_s,
        processes=preparation.processes,
        shortage=preparation.shortage,
        waited=attendance.waited,
        judging=judge.share,
        judged_later=judged_later,
    )
    return compose(
        event,
        conformance,
        problems,
        attendance=attendance,
        judge=judge,
        generator=generator,
        slo=spec.slo,
        seed=spec.seed,
    )


async def _prepare(spec: RunSpec, control: ControlClient, judge: LiveJudge) -> tuple[list[str], frozenset[str]]:
    """Check mock and service before the event.

    Returns the problems that prevent the run, and the available facilities.
    """
    if (problem := await check_mock(control)) is not None:
        return [str(problem)], frozenset()
    await _require_mvpds(spec, control)
    await _require_data_centres(spec, control)
    if spec.target.service is None:
        judge.follow(after=(await control.exchanges(limit=0)).next)
        return [], frozenset()
    config = spec.target.service
    # An address of its own: the doctor's calls must not be attributed to a viewer.
    device = replace(next(new_devices(spec.seed)), ip=str(TEST_ADDRESSES[-2]))
    async with connect(config, control) as connection:
        judge.follow(after=connection.after)
        problems, calls = await examine(config, connection, device)
        facilities = (await with_data_centres(connection)).facilities
    for problem in problems:
        spec.announce(str(problem))
    for call in calls:
        judge.call(call)
    fatal = any(problem.fatal for problem in problems)
    return [str(problem) for problem in problems] if fatal else [], facilities


async def _require_mvpds(spec: RunSpec, control: ControlClient) -> None:
    """Raise `ConfigError` if the mock lacks a TV provider of the event."""
    event = spec.event
    known = {str(mvpd["id"]) for mvpd in (await control.catalogue())["mvpds"]}
    for mvpd in (*event.mvpds, *(kind.mvpd for kind in event.viewers if kind.mvpd)):
        if mvpd not in known:
            raise ConfigError(
                f'event {event.name}: the mock has no TV provider "{mvpd}"; there are: {", ".join(sorted(known))}'
            )


async def _require_data_centres(spec: RunSpec, control: ControlClient) -> None:
    """Raise `ConfigError` if the event has a fail-over and the mock has a single data centre."""
    if not any(incident.fail_over for incident in spec.event.incidents):
        return
    try:
        await control.data_centres()
    except ControlError as error:
        raise ConfigError(
            f"event {spec.event.name}: a fail-over needs another data centre; start the mock with "
            "--data-centres 2, or leave the incident out"
        ) from error


async def _generate_load(
    spec: RunSpec,
    control: ControlClient | None,
    judge: LiveJudge,
    preparation: Preparation,
    available: frozenset[str],
) -> Attendance:
    """Generate the load, follow the journal and run the incidents; return the attendance."""
    target = spec.target
    assignment = Assignment(
        event=spec.event,
        seed=spec.seed,
        mock=target.mock,
        control_token=target.control_token,
        service=_service_toml(target.service),
        base_url=target.service.service.base_url if target.service else "",
        direct=target.direct,
        rate=spec.rate,
    )
    if (expected := spec.locust.expect_workers) and not spec.locust.processes:
        port = f"{spec.locust.bind_host}:{spec.locust.bind_port}"
        spec.announce(f"waiting for {plural(expected, 'worker')} at {port}: start `pass-load worker` for each")
    try:
        async with asyncio.TaskGroup() as group, generating(assignment, spec.locust) as messages:
            ended = asyncio.Event()
            tasks = [group.create_task(judge_slowly(judge))]
            if control is not None:
                group.create_task(follow_journal(control, judge, ended=ended))
                now_s = (await MockClock.of(control)).now_s
            else:
                now_s = time.time

            def start_event(begins: float) -> None:
                judge.begin(begins)
                tasks.append(group.create_task(_announce_progress(judge, begins, now_s, spec.announce)))
                if control is not None:
                    incidents = run_incidents(
                        spec.event.incidents,
                        control,
                        begins=begins,
                        now_s=now_s,
                        announce=spec.announce,
                        # A service that is configured with an address cannot follow a DNS change.
                        moved=judge.call if "data_centres" in available else lambda _: None,
                    )
                    tasks.append(group.create_task(incidents))

            attendance = await _receive(messages, judge, preparation, start_event)
            judge.end()
            for task in tasks:
                task.cancel()
            ended.set()
    except ExceptionGroup as failures:
        raise _first_failure(failures) from failures
    return attendance


def _first_failure(failures: ExceptionGroup[Exception]) -> Exception:
    """Return the failure that made the task group cancel the other tasks; that of an incident has its own group."""
    first = failures.exceptions[0]
    return _first_failure(first) if isinstance(first, ExceptionGroup) else first


async def _receive(
    messages: AsyncIterator[GeneratorMessage],
    judge: LiveJudge,
    preparation: Preparation,
    start_event: Callable[[float], None],
) -> Attendance:
    """Pass the messages of the generating processes to the judge until all have ended; return the attendance."""
    attendance, number = NO_ATTENDANCE, 0
    async for message in messages:
        match message:
            case Capacity():
                preparation.calibrated(message)
            case WarmUp():
                preparation.warming_up(message)
            case EventStart():
                start_event(message.begins)
            case Arrival():
                judge.arrival(message)
            case TimedVerb():
                judge.verb(message)
            case AdobeCall():
                judge.adobe_call(message)
            case GeneratorFailure():
                raise HarnessError(message.reason)
            case Attendance():
                attendance += message
        number += 1
        if number % BATCH == 0:
            await asyncio.sleep(0)
    return attendance


def _judge_rest(judge: LiveJudge, announce: Announce) -> None:
    """Let the rules judge the observations that they could not judge during the event."""
    while judge.waiting:
        judge.judge_for(PROGRESS_INTERVAL_S)
        if judge.waiting:
            announce(f"judging: {judge.waiting:,} observations left")


async def _announce_progress(judge: LiveJudge, begins: float, now_s: Callable[[], float], announce: Announce) -> None:
    await asyncio.sleep(max(0.0, begins - now_s()))
    announce("    0 s: event started")
    while True:
        await asyncio.sleep(PROGRESS_INTERVAL_S)
        demand, traffic = judge.demand, judge.traffic
        announce(
            f"{now_s() - begins:5.0f} s: {demand.actions} verbs, {demand.errors} errors; "
            f"{traffic.calls.total()} calls to Adobe Pass, {traffic.throttled.total()} throttled"
        )


def _announcer(announce: Announce) -> Callable[[Finding], None]:
    """Return a callback that announces the first findings; the report has all of them."""
    left = ANNOUNCED_FINDINGS

    def found(finding: Finding) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            announce(f"finding: {finding.card.grade} {finding.card.id}: {finding.evidence.observed}")

    return found


def _service_toml(config: ServiceConfig | None) -> str:
    return config.path.read_text("utf-8") if config else ""
