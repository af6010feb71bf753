"""The report of a run, and the computation of its verdict and exit code. The schema only grows."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pass_harness.conformance.reports.model import INCONCLUSIVE, PASSED, VIOLATED, Report
from pass_harness.conformance.verbs import VERBS
from pass_harness.load.event import Event
from pass_harness.load.incidents import Incident
from pass_harness.load.ipc_messages import Attendance, Capacity
from pass_harness.load.live_evaluation import LiveJudge
from pass_harness.load.run_statistics import Demand, VerbFigures
from pass_harness.load.slo import Objective, Slo, VerbLimits, recovered_after
from pass_harness.load.slo import judge as judge_objectives
from pass_harness.load.timeline import Timeline

EXIT_CODES = {PASSED: 0, VIOLATED: 1, INCONCLUSIVE: 3}


class EventReport(msgspec.Struct, kw_only=True):
    """The planned event. ``peak`` is in arrivals per second."""

    name: str
    title: str
    seconds: float
    audience: int
    peak: float
    workload: str
    seed: int
    speed: float = 1.0
    """Speed of viewers and incidents relative to event.toml."""


class ViewersReport(msgspec.Struct, kw_only=True):
    """The audience by outcome. ``late_…`` is the delay by the load generator itself, in ms."""

    arrived: int = 0
    finished: int = 0
    still_there: int = 0
    gave_up: int = 0
    unprepared: int = 0
    reasons: dict[str, int] = {}
    late_p99_ms: float = 0.0
    late_max_ms: float = 0.0
    arrivals_late_p99_ms: float = 0.0
    generator_busy: float = 0.0
    """Highest CPU usage of a generating process, in per cent of a core."""


class VerbReport(msgspec.Struct, kw_only=True):
    """One verb. Latencies in ms count from the intended start; failed verbs are included."""

    verb: str
    calls: int
    errors: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class EndpointReport(msgspec.Struct, kw_only=True):
    """Calls to one endpoint of Adobe Pass.

    ``throttled`` are responses with status 429, ``failed`` all others with status 400 and above.
    """

    endpoint: str
    calls: int
    throttled: int
    failed: int


class AdobeReport(msgspec.Struct, kw_only=True):
    """Calls to Adobe Pass."""

    calls: int = 0
    throttled: int = 0
    failed: int = 0
    amplification: float = 0.0
    """Calls to Adobe Pass per verb of a viewer."""
    findings: int = 0
    """Findings of all rules, including SHOULD rules."""
    findings_per_million: float = 0.0
    """Findings per million judged calls."""
    judged: int = 0
    """Calls to Adobe Pass that the rules judged, including those of the logins before the event."""
    lost: int = 0
    """Exchanges that the journal dropped before they could be judged."""
    lag_p99_ms: float = 0.0
    lag_max_ms: float = 0.0
    stalls: int = 0
    """Number of stalls of the mock during the event."""
    stalled_s: float = 0.0
    """Seconds in which the mock was stalled."""
    answered_p99_ms: float = 0.0
    """Response time of the mock (p99)."""
    endpoints: list[EndpointReport] = []


class IncidentReport(msgspec.Struct, kw_only=True):
    """An incident; times are in seconds from the start of the event."""

    name: str
    begins: float
    ends: float | None
    """None if it lasts to the end of the event."""
    recovered_after: float | None
    """Seconds from its end to the recovery of the service; None if there was no recovery, or no end."""
    recovery_measured: bool = True
    """False if no viewer acted after its end, or if another incident was still active then."""


class SeriesReport(msgspec.Struct, kw_only=True):
    """Time series: a value for each step of ``step_seconds`` from the start of the event."""

    step_seconds: float
    arrivals: list[int] = []
    verbs: list[int] = []
    errors: list[int] = []
    p50_ms: list[float] = []
    p95_ms: list[float] = []
    p99_ms: list[float] = []
    calls: dict[str, list[int]] = {}
    """Calls to Adobe Pass, by endpoint."""
    throttled: list[int] = []
    findings: list[int] = []


class GeneratorReport(msgspec.Struct, kw_only=True):
    """The load generator: its capacity before the event, and its share of the machine during it."""

    viewers_s: float = 0.0
    """Viewers per second that all processes can start together, by the calibration before the event."""
    processes: list[Capacity] = []
    """The calibration of each process."""
    shortage: str = ""
    """Shortage of the generator at the peak of the event, with a remedy; empty without one."""
    waited: float = 0.0
    """Longest time that a process waited for a core, in per cent of the event."""
    judging: float = 0.0
    """Processor time of the rules during the event, in per cent of a core."""
    judged_later: int = 0
    """Observations that the rules judged after the event."""


class LoadReport(msgspec.Struct, kw_only=True):
    """The report of a run; `compose` makes it."""

    verdict: str
    exit_code: int
    invalid: list[str]
    """Reasons why the run is invalid; empty for a valid run."""
    event: EventReport
    viewers: ViewersReport
    verbs: list[VerbReport]
    adobe: AdobeReport
    objectives: list[Objective]
    incidents: list[IncidentReport]
    series: SeriesReport
    generator: GeneratorReport
    conformance: Report
    """Results of the rules, in the schema of `pass-conformance run`."""


def compose(
    event: Event,
    conformance: Report,
    invalid: list[str],
    *,
    attendance: Attendance,
    judge: LiveJudge,
    slo: Slo | None,
    seed: int,
    generator: GeneratorReport | None = None,
) -> LoadReport:
    """Return the report of a run with verdict and exit code. An invalid run is inconclusive, even with findings."""
    demand, timeline = judge.demand, judge.timeline
    findings = sum(rule.broken for rule in conformance.rules)
    objectives = (
        judge_objectives(slo, demand, judge.traffic, timeline, event.incidents, _per_million(findings, judge))
        if slo and not invalid
        else []
    )
    verdict = _verdict(conformance, objectives, invalid)
    return LoadReport(
        verdict=verdict,
        exit_code=EXIT_CODES[verdict],
        invalid=invalid,
        event=event_report(event, seed),
        viewers=ViewersReport(
            arrived=attendance.arrived,
            finished=attendance.finished,
            still_there=attendance.still_there,
            gave_up=attendance.gave_up,
            unprepared=attendance.unprepared,
            reasons=attendance.reasons,
            late_p99_ms=demand.lateness.percentile(99),
            late_max_ms=round(demand.lateness.largest, 2),
            arrivals_late_p99_ms=demand.arrivals.percentile(99),
            generator_busy=attendance.busiest,
        ),
        verbs=_verbs(demand),
        adobe=_adobe(findings, demand, judge),
        objectives=objectives,
        incidents=[_incident(one, event, timeline, slo.limits if slo else VerbLimits()) for one in event.incidents],
        series=_series(timeline),
        generator=generator or GeneratorReport(),
        conformance=conformance,
    )


def _incident(incident: Incident, event: Event, timeline: Timeline, limits: VerbLimits) -> IncidentReport:
    recovery = recovered_after(incident, event.incidents, timeline, limits)
    return IncidentReport(
        name=incident.name,
        begins=incident.begins,
        ends=incident.ends,
        recovered_after=recovery.after if recovery else None,
        recovery_measured=recovery.is_measured if recovery else True,
    )


def event_report(event: Event, seed: int) -> EventReport:
    """Return the planned event, for reports of runs and forecasts."""
    return EventReport(
        name=event.name,
        title=event.title,
        seconds=event.duration.seconds,
        audience=event.audience,
        peak=round(event.peak, 2),
        workload=event.workload,
        seed=seed,
        speed=event.speed,
    )


def encode(report: LoadReport) -> bytes:
    """Return the report as indented JSON with a final newline."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def _verdict(conformance: Report, objectives: Sequence[Objective], invalid: Sequence[str]) -> str:
    if invalid:
        return INCONCLUSIVE
    if conformance.verdict == VIOLATED or any(objective.holds is False for objective in objectives):
        return VIOLATED
    if any(objective.holds is None for objective in objectives):
        return INCONCLUSIVE
    if conformance.verdict == PASSED or not any(rule.opportunities for rule in conformance.rules):
        return PASSED
    return INCONCLUSIVE


def _verbs(demand: Demand) -> list[VerbReport]:
    return [_verb(verb, demand.verbs[verb]) for verb in VERBS if verb in demand.verbs]


def _verb(verb: str, figures: VerbFigures) -> VerbReport:
    latencies = figures.latencies
    return VerbReport(
        verb=verb,
        calls=figures.calls,
        errors=figures.errors,
        p50_ms=latencies.percentile(50),
        p95_ms=latencies.percentile(95),
        p99_ms=latencies.percentile(99),
        max_ms=round(latencies.largest, 2),
    )


def _adobe(findings: int, demand: Demand, judge: LiveJudge) -> AdobeReport:
    traffic = judge.traffic
    calls = traffic.calls.total()
    return AdobeReport(
        calls=calls,
        throttled=traffic.throttled.total(),
        failed=traffic.failed.total(),
        amplification=round(calls / demand.actions, 3) if demand.actions else 0.0,
        findings=findings,
        findings_per_million=round(_per_million(findings, judge) or 0.0, 1),
        judged=judge.judged_calls,
        lost=judge.lost,
        lag_p99_ms=traffic.lags.percentile(99),
        lag_max_ms=round(traffic.lags.largest, 2),
        stalls=len(judge.stalls),
        stalled_s=round(judge.stalled_s, 3),
        answered_p99_ms=traffic.durations.percentile(99),
        endpoints=[
            EndpointReport(
                endpoint=endpoint,
                calls=number,
                throttled=traffic.throttled[endpoint],
                failed=traffic.failed[endpoint],
            )
            for endpoint, number in traffic.calls.most_common()
        ],
    )


def _per_million(findings: int, judge: LiveJudge) -> float | None:
    """Return the findings per million calls; both include those before the event."""
    return findings / judge.judged_calls * 1_000_000 if judge.judged_calls else None


def _series(timeline: Timeline) -> SeriesReport:
    steps = list(timeline.steps())
    endpoints = sorted({endpoint for step in steps for endpoint in step.calls})
    return SeriesReport(
        step_seconds=timeline.width,
        arrivals=[step.arrivals for step in steps],
        verbs=[step.verbs for step in steps],
        errors=[step.errors for step in steps],
        p50_ms=[step.latencies.percentile(50) for step in steps],
        p95_ms=[step.latencies.percentile(95) for step in steps],
        p99_ms=[step.latencies.percentile(99) for step in steps],
        calls={endpoint: [step.calls[endpoint] for step in steps] for endpoint in endpoints},
        throttled=[step.throttled for step in steps],
        findings=[step.findings for step in steps],
    )
