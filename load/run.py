"""A run of an event: generate it, judge what the mock sees while it goes on, and report.

`run_event` is the one visible composition of doctor, generator, incidents, judge and report.
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
from pass_harness.conformance.evaluation.engine import Finding
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.reports.model import Run
from pass_harness.conformance.reports.model import compose as compose_conformance
from pass_harness.conformance.rule_sets import RuleSet
from pass_harness.conformance.running.doctor import check_mock, examine
from pass_harness.conformance.running.judged_run import Announce
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.fixtures.devices import TEST_ADDRESSES, new_devices
from pass_harness.load.event import Event
from pass_harness.load.incident_runner import run_incidents
from pass_harness.load.ipc_messages import Asked, Assignment, Attendance, Began, Called, Came, Told
from pass_harness.load.live_evaluation import BATCH, LiveJudge, follow_journal
from pass_harness.load.locust_process import LocustOptions, generating
from pass_harness.load.report.model import LoadReport, compose
from pass_harness.load.run_validity import reasons_against
from pass_harness.load.slo import Slo
from pass_harness.load.targets import Target
from pass_harness.load.viewers import DIRECT
from pass_harness.mock_server.client.async_client import ControlClient, ControlError

TELLS_EVERY = 10.0
ANNOUNCED_FINDINGS = 10
NOBODY = Attendance()


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """All that a run is made of."""

    event: Event
    target: Target
    rule_set: RuleSet
    slo: Slo | None
    seed: int
    rate: float | None
    locust: LocustOptions
    announce: Announce


async def run_event(occasion: RunSpec) -> LoadReport:
    """Lets the event happen to the target and judges what it does to Adobe Pass.

    Where nothing can be judged the report says why. Raises `HarnessError` if mock or generator is lost on the way.
    """
    event, target = occasion.event, occasion.target
    run = Run(
        mock=target.mock,
        service=target.name,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        files=[str(target.service.path)] if target.service else [],
        rule_set=occasion.rule_set.name,
    )
    # Without a service in between, each generating process is a client of its own.
    instances = target.service.service.instances if target.service else occasion.locust.shares
    judge = LiveJudge(
        occasion.rule_set.rules if target.mock else (),
        Expectations(instances=instances, hidden_mvpds=target.service.service.hidden_mvpds if target.service else ()),
        seconds=event.duration.seconds,
        found=_announcer(occasion.announce),
    )
    began = time.monotonic()
    problems: list[str] = []
    available = frozenset(target.service.verbs) if target.service else DIRECT
    attendance = NOBODY
    try:
        async with AsyncExitStack() as stack:
            control: ControlClient | None = None
            if target.mock:
                control = await stack.enter_async_context(ControlClient(target.mock, token=target.control_token))
                problems, facilities = await _prepare(occasion, control, judge)
                available |= facilities
            if not problems:
                attendance = await _hold(occasion, control, judge, available)
    except (httpx.TransportError, ControlError) as error:
        raise HarnessError(f"the mock at {target.mock} was lost: {error or type(error).__name__}") from error
    run.seconds = round(time.monotonic() - began, 3)
    run.exchanges = judge.exchanges
    run.max_lag_ms = judge.traffic.lags.largest
    conformance = compose_conformance(judge.conclude(available), run=run)
    if not problems:
        problems = reasons_against(event, conformance, attendance, judge, judged=occasion.slo is not None)
    return compose(
        event, conformance, problems, attendance=attendance, judge=judge, slo=occasion.slo, seed=occasion.seed
    )


async def _prepare(occasion: RunSpec, control: ControlClient, judge: LiveJudge) -> tuple[list[str], frozenset[str]]:
    """Asks mock and service before the event whether they are fit for it: why not, if so, and the facilities."""
    if (problem := await check_mock(control)) is not None:
        return [str(problem)], frozenset()
    await _require_mvpds(occasion, control)
    await _require_data_centres(occasion, control)
    if occasion.target.service is None:
        judge.follow(after=(await control.exchanges(endpoint="-")).next)
        return [], frozenset()
    config = occasion.target.service
    # An address of its own: the doctor's calls shall not count for a viewer's.
    device = replace(next(new_devices(occasion.seed)), ip=str(TEST_ADDRESSES[-2]))
    async with connect(config, control) as connection:
        judge.follow(after=connection.after)
        problems, calls = await examine(config, connection, device)
        facilities = (await with_data_centres(connection)).facilities
    for problem in problems:
        occasion.announce(str(problem))
    for call in calls:
        judge.call(call)
    fatal = any(problem.fatal for problem in problems)
    return [str(problem) for problem in problems] if fatal else [], facilities


async def _require_mvpds(occasion: RunSpec, control: ControlClient) -> None:
    """Raises `ConfigError` for TV providers of the event that the mock does not have."""
    event = occasion.event
    known = {str(mvpd["id"]) for mvpd in (await control.catalogue())["mvpds"]}
    for mvpd in (*event.mvpds, *(kind.mvpd for kind in event.viewers if kind.mvpd)):
        if mvpd not in known:
            raise ConfigError(
                f'event {event.name}: the mock has no TV provider "{mvpd}"; there are: {", ".join(sorted(known))}'
            )


async def _require_data_centres(occasion: RunSpec, control: ControlClient) -> None:
    """Raises `ConfigError` for an event with a fail-over on a mock that has nowhere to go."""
    if not any(incident.fail_over for incident in occasion.event.incidents):
        return
    try:
        await control.data_centres()
    except ControlError as error:
        raise ConfigError(
            f"event {occasion.event.name}: a fail-over needs another data centre; start the mock with "
            "--data-centres 2, or leave the incident out"
        ) from error


async def _hold(
    occasion: RunSpec, control: ControlClient | None, judge: LiveJudge, available: frozenset[str]
) -> Attendance:
    """Generates the event while the journal is followed and incidents happen; who attended."""
    target = occasion.target
    assignment = Assignment(
        event=occasion.event,
        seed=occasion.seed,
        mock=target.mock,
        control_token=target.control_token,
        service=_text(target.service),
        base_url=target.service.service.base_url if target.service else "",
        direct=target.direct,
        rate=occasion.rate,
    )
    try:
        async with asyncio.TaskGroup() as group, generating(assignment, occasion.locust) as told:
            ended = asyncio.Event()
            tasks: list[asyncio.Task[None]] = []
            if control is not None:
                group.create_task(follow_journal(control, judge, ended=ended))
                now_s = (await MockClock.of(control)).now_s
            else:
                now_s = time.time

            def begun(begins: float) -> None:
                judge.begin(begins)
                tasks.append(group.create_task(_tell(judge, begins, now_s, occasion.announce)))
                if control is not None:
                    incidents = run_incidents(
                        occasion.event.incidents,
                        control,
                        begins=begins,
                        now_s=now_s,
                        announce=occasion.announce,
                        # A service that was told an address cannot follow a name.
                        moved=judge.call if "data_centres" in available else lambda _: None,
                    )
                    tasks.append(group.create_task(incidents))

            attendance = await _listen(told, judge, begun)
            for task in tasks:
                task.cancel()
            ended.set()
    except ExceptionGroup as failures:
        # The first failure made the task group give up the rest.
        raise failures.exceptions[0] from failures
    return attendance


async def _listen(told: AsyncIterator[Told], judge: LiveJudge, begun: Callable[[float], None]) -> Attendance:
    """Shows the judge what viewers do, until all generating processes have ended; who attended."""
    attendance, number = NOBODY, 0
    async for said in told:
        match said:
            case Began():
                begun(said.begins)
            case Came():
                judge.came(said)
            case Asked():
                judge.asked(said)
            case Called():
                judge.called(said)
            case Attendance():
                attendance += said
        number += 1
        if number % BATCH == 0:
            await asyncio.sleep(0)
    return attendance


async def _tell(judge: LiveJudge, begins: float, now_s: Callable[[], float], announce: Announce) -> None:
    await asyncio.sleep(max(0.0, begins - now_s()))
    announce("    0 s: the event begins")
    while True:
        await asyncio.sleep(TELLS_EVERY)
        demand, traffic = judge.demand, judge.traffic
        announce(
            f"{now_s() - begins:5.0f} s: {demand.actions} verbs, {demand.errors} errors; "
            f"{traffic.calls.total()} calls to Adobe Pass, {traffic.throttled.total()} throttled"
        )


def _announcer(announce: Announce) -> Callable[[Finding], None]:
    """Announces the first findings as they arise; the report has the rest."""
    left = ANNOUNCED_FINDINGS

    def found(finding: Finding) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            announce(f"finding: {finding.card.severity} {finding.card.id}: {finding.evidence.observed}")

    return found


def _text(config: ServiceConfig | None) -> str:
    return config.path.read_text("utf-8") if config else ""
