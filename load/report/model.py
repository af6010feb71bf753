"""The report of an event, and the one place that computes its verdict and exit code. The schema only grows."""

from __future__ import annotations

import msgspec

from conformance.reports.model import INCONCLUSIVE, Report
from conformance.verbs import VERBS
from load.event import Event
from load.figures import Demand, Traffic, VerbFigures
from load.messages import Attendance

INVALID = 3
"""Exit code of a run that says nothing of the service."""


class EventReport(msgspec.Struct, kw_only=True):
    """What was planned. ``peak`` is in arrivals per second."""

    name: str
    title: str
    seconds: float
    audience: int
    peak: float


class ViewersReport(msgspec.Struct, kw_only=True):
    """What became of the audience. ``late_…`` is how late the generator itself was, in ms."""

    arrived: int = 0
    finished: int = 0
    still_there: int = 0
    gave_up: int = 0
    reasons: dict[str, int] = {}
    late_p99_ms: float = 0.0
    late_max_ms: float = 0.0


class VerbReport(msgspec.Struct, kw_only=True):
    """One verb. Latencies in ms count from the moment the viewer meant to ask; failed calls are among them."""

    verb: str
    calls: int
    errors: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class EndpointReport(msgspec.Struct, kw_only=True):
    """Calls to one endpoint of Adobe Pass. ``failed`` are answers of 400 and above but for 429, ``throttled``."""

    endpoint: str
    calls: int
    throttled: int
    failed: int


class AdobeReport(msgspec.Struct, kw_only=True):
    """What the service asked of Adobe Pass, that is, of the mock."""

    calls: int = 0
    throttled: int = 0
    failed: int = 0
    amplification: float = 0.0
    """Calls to Adobe Pass per verb that a viewer asked."""
    findings: int = 0
    """Of all rules, SHOULD ones too."""
    findings_per_million: float = 0.0
    """Findings per million calls to Adobe Pass."""
    lost: int = 0
    """Exchanges that the journal dropped before they could be judged."""
    lag_p99_ms: float = 0.0
    lag_max_ms: float = 0.0
    answered_p99_ms: float = 0.0
    """How long the mock itself took."""
    endpoints: list[EndpointReport] = []


class LoadReport(msgspec.Struct, kw_only=True):
    """Everything that a run of an event found. Make it with `compose`."""

    verdict: str
    exit_code: int
    invalid: list[str]
    """Why the run says nothing, if it does not."""
    event: EventReport
    viewers: ViewersReport
    verbs: list[VerbReport]
    adobe: AdobeReport
    conformance: Report
    """What the rules say, in the schema of `pass-conformance run`."""


def compose(
    event: Event,
    conformance: Report,
    invalid: list[str],
    *,
    attendance: Attendance,
    demand: Demand,
    traffic: Traffic,
    lost: int,
) -> LoadReport:
    """The report of a run, with verdict and exit code. An invalid run is inconclusive whatever was found in it."""
    return LoadReport(
        verdict=INCONCLUSIVE if invalid else conformance.verdict,
        exit_code=INVALID if invalid else conformance.exit_code,
        invalid=invalid,
        event=EventReport(
            name=event.name,
            title=event.title,
            seconds=event.duration.seconds,
            audience=event.audience,
            peak=round(event.peak, 2),
        ),
        viewers=ViewersReport(
            arrived=attendance.arrived,
            finished=attendance.finished,
            still_there=attendance.still_there,
            gave_up=attendance.gave_up,
            reasons=attendance.reasons,
            late_p99_ms=demand.lateness.percentile(99),
            late_max_ms=round(demand.lateness.largest, 2),
        ),
        verbs=_verbs(demand),
        adobe=_adobe(conformance, demand, traffic, lost),
        conformance=conformance,
    )


def encode(report: LoadReport) -> bytes:
    """The report as indented JSON with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


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


def _adobe(conformance: Report, demand: Demand, traffic: Traffic, lost: int) -> AdobeReport:
    calls = traffic.calls.total()
    findings = sum(rule.broken for rule in conformance.rules)
    return AdobeReport(
        calls=calls,
        throttled=traffic.throttled.total(),
        failed=traffic.failed.total(),
        amplification=round(calls / demand.actions, 3) if demand.actions else 0.0,
        findings=findings,
        findings_per_million=round(findings / calls * 1_000_000, 1) if calls else 0.0,
        lost=lost,
        lag_p99_ms=traffic.lags.percentile(99),
        lag_max_ms=round(traffic.lags.largest, 2),
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
