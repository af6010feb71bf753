"""A run of an event: generate it, judge what the mock sees while it goes on, and report.

`run_event` is the one visible composition of doctor, generator, judge and report.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import httpx

from conformance.connection import connect
from conformance.doctor import Diagnosis, examine, mock_answers
from conformance.engine import Finding
from conformance.errors import HarnessError
from conformance.mock_clock import MockClock
from conformance.reports.model import Run
from conformance.reports.model import compose as compose_conformance
from conformance.rule import Expectations, Rule
from conformance.runner import Announce
from conformance.service_config import ServiceConfig
from fixtures.devices import new_devices
from load.event import Event
from load.generating import generating
from load.judge import BATCH, LiveJudge, follow_journal
from load.messages import Assignment, Attendance, Told
from load.report.model import LoadReport, compose
from load.validity import reasons_against
from mock_server.control_client import ControlClient, ControlError

HEAD_START = 2.0
"""Seconds that the generator has to start before the first moment of the event."""
TELLS_EVERY = 10.0
ANNOUNCED_FINDINGS = 10
NOBODY = Attendance(arrived=0, finished=0, still_there=0, gave_up=0, reasons={})


async def run_event(
    event: Event,
    config: ServiceConfig,
    mock_url: str,
    rules: Sequence[type[Rule]],
    *,
    seed: int,
    announce: Announce,
) -> LoadReport:
    """Lets the event happen to the service and judges what it does to the mock.

    Where nothing can be judged the report says why. Raises `HarnessError` if mock or generator is lost on the way.
    """
    run = Run(
        mock=mock_url,
        service=config.service.base_url,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        files=[str(config.path)],
    )
    expectations = Expectations(instances=config.service.instances)
    began = time.monotonic()
    try:
        async with ControlClient(mock_url) as control:
            if (problem := await mock_answers(control)) is not None:
                return _not_held(event, rules, expectations, run, [problem])
            async with connect(config, control) as connection:
                problems, calls = await examine(config, connection, next(new_devices(seed)))
                for problem in problems:
                    announce(str(problem))
                if any(problem.fatal for problem in problems):
                    return _not_held(event, rules, expectations, run, problems)
            clock = await MockClock.of(control)
            begins = time.monotonic() + HEAD_START
            offset = clock.now() - time.monotonic()
            judge = LiveJudge(
                rules, expectations, after=connection.after, begins=begins + offset, found=_announcer(announce)
            )
            for call in calls:
                judge.call(call)
            assignment = Assignment(
                event=event,
                service=str(config.path.absolute()),
                base_url=config.service.base_url,
                mock=mock_url,
                seed=seed,
                begins=begins,
                clock_offset=offset,
            )
            attendance = await _hold(assignment, control, judge, connection.after, announce)
    except (httpx.TransportError, ControlError) as error:
        raise HarnessError(f"the mock at {mock_url} was lost: {error or type(error).__name__}") from error
    run.seconds = round(time.monotonic() - began, 3)
    run.exchanges = judge.exchanges
    run.max_lag_ms = judge.traffic.lags.largest
    conformance = compose_conformance(judge.conclude(frozenset(config.verbs)), run=run)
    return compose(
        event,
        conformance,
        reasons_against(event, conformance, attendance, judge),
        attendance=attendance,
        demand=judge.demand,
        traffic=judge.traffic,
        lost=judge.lost,
    )


async def _hold(
    assignment: Assignment, control: ControlClient, judge: LiveJudge, after: int, announce: Announce
) -> Attendance:
    """Generates the event while the journal is followed; who attended."""
    try:
        async with asyncio.TaskGroup() as group, generating(assignment) as told:
            ended = asyncio.Event()
            group.create_task(follow_journal(control, judge, after=after, ended=ended))
            teller = group.create_task(_tell(judge, assignment.begins, announce))
            attendance = await _listen(told, judge)
            teller.cancel()
            ended.set()
    except ExceptionGroup as failures:
        # The first failure made the task group give up the rest.
        raise failures.exceptions[0] from failures
    return attendance


async def _listen(told: AsyncIterator[Told], judge: LiveJudge) -> Attendance:
    """Shows the judge what viewers ask, until the generator has ended; who attended."""
    attendance, number = NOBODY, 0
    async for said in told:
        if isinstance(said, Attendance):
            attendance = said
            continue
        judge.asked(said)
        number += 1
        if number % BATCH == 0:
            await asyncio.sleep(0)
    return attendance


async def _tell(judge: LiveJudge, begins: float, announce: Announce) -> None:
    while True:
        await asyncio.sleep(TELLS_EVERY)
        demand, traffic = judge.demand, judge.traffic
        announce(
            f"{time.monotonic() - begins:5.0f} s: {demand.actions} verbs, {demand.errors} errors; "
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


def _not_held(
    event: Event, rules: Sequence[type[Rule]], expectations: Expectations, run: Run, problems: Sequence[Diagnosis]
) -> LoadReport:
    """The report of an event that could not begin: every rule not exercised, and what the doctor found."""
    judge = LiveJudge(rules, expectations, after=0, begins=0.0)
    return compose(
        event,
        compose_conformance(judge.conclude(frozenset()), run=run),
        [str(problem) for problem in problems],
        attendance=NOBODY,
        demand=judge.demand,
        traffic=judge.traffic,
        lost=0,
    )
