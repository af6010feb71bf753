"""The report of a run as an HTML page: verdict, objectives, charts on one time axis, tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

from jinja2 import PackageLoader

from pass_harness.conformance.reports.html import page
from pass_harness.conformance.reports.html.history import HistoryView
from pass_harness.conformance.reports.html.history import view as history_view
from pass_harness.conformance.reports.model import VIOLATED, Report, RuleReport
from pass_harness.conformance.reports.numbers import amount, figure, plural, span
from pass_harness.conformance.reports.violations import because, sentence, violations
from pass_harness.load.report import charts
from pass_harness.load.report.charts import Chart, Times
from pass_harness.load.report.model import GeneratorReport, IncidentReport, LoadReport
from pass_harness.load.report.report_text import lead, measured, recovery, verdict_word

LOADERS = (PackageLoader("pass_harness.load.report", "html"),)
_KINDS = {True: ("passed", ""), False: ("violated", "exceeded"), None: ("inconclusive", "not measured")}


@dataclass(frozen=True)
class ObjectiveRow:
    """An objective, formatted for the page."""

    name: str
    kind: str
    word: str
    measured: str
    limit: str


@dataclass(frozen=True)
class ViolatedRule:
    """A violated rule; what probably follows from it comes next."""

    report: RuleReport
    standing: str
    because: str
    """Mark of a rule that probably follows from another."""


@dataclass(frozen=True)
class View:
    """The formatted values of the template, in addition to the report."""

    word: str
    lead: str
    tiles: Sequence[tuple[str, str, str]]
    facts: Sequence[tuple[str, str]]
    objectives: Sequence[ObjectiveRow]
    incidents: Sequence[str]
    charts: Sequence[Chart]
    violated: Sequence[ViolatedRule]
    verbs: Sequence[tuple[str, ...]]
    endpoints: Sequence[tuple[str, ...]]
    history: HistoryView | None
    version: str


def encode(report: LoadReport, version: str = "") -> bytes:
    """Return the page; ``version`` is the version of Pass Harness."""
    return page("load.html", LOADERS, (charts_css(),), report=report, view=_view(report, version))


def charts_css() -> str:
    """Return the style sheet of charts."""
    return (resources.files(__name__) / "charts.css").read_text("utf-8")


def _view(report: LoadReport, version: str) -> View:
    return View(
        word=verdict_word(report),
        lead=lead(report),
        tiles=list(_tiles(report)) if report.series.verbs else (),
        facts=_facts(report),
        objectives=[
            ObjectiveRow(one.name, *_KINDS[one.holds], measured(one), amount(one.limit, one.unit))
            for one in report.objectives
        ],
        incidents=[_incident(incident) for incident in report.incidents],
        charts=list(_charts(report)) if report.series.verbs else (),
        violated=[
            ViolatedRule(rule, report.conformance.standing(rule), _because(rule, report.conformance))
            for violation in violations(report.conformance)
            for rule in (violation.rule, *violation.consequences)
        ],
        verbs=[
            (
                v.verb,
                f"{v.calls:,}",
                f"{v.errors:,}",
                *(figure(ms) for ms in (v.p50_ms, v.p95_ms, v.p99_ms, v.max_ms)),
            )
            for v in report.verbs
        ],
        endpoints=[
            (e.endpoint, f"{e.calls:,}", f"{e.calls / report.adobe.calls:.1%}", f"{e.throttled:,}", f"{e.failed:,}")
            for e in report.adobe.endpoints
        ],
        history=history_view(report.conformance.history) if report.conformance.history else None,
        version=version,
    )


def _because(rule: RuleReport, report: Report) -> str:
    cause = report.cause(rule)
    return sentence(because(cause, counts=report.standing(rule) == VIOLATED)) if cause else ""


def _tiles(report: LoadReport) -> Iterator[tuple[str, str, str]]:
    series, adobe = report.series, report.adobe
    verbs, errors = sum(v.calls for v in report.verbs), sum(v.errors for v in report.verbs)
    calls = [sum(values[step] for values in series.calls.values()) for step in range(len(series.verbs))]
    yield "Viewers", f"{report.viewers.arrived:,}", f"{report.viewers.gave_up:,} gave up"
    yield "Actions", f"{verbs:,}", f"{errors:,} failed"
    yield "Slowest p95", span(max((v.p95_ms for v in report.verbs), default=0.0) / 1000), _slowest(report)
    peak = max(calls, default=0) / series.step_seconds
    yield "Calls to Adobe Pass", f"{adobe.calls:,}", f"at most {peak:,.0f} per second"
    yield "Calls per action", f"{adobe.amplification:g}", "amplification"
    share = adobe.throttled / adobe.calls if adobe.calls else 0.0
    yield "Throttled", f"{share:.2%}", f"{adobe.throttled:,} responses with 429"
    if report.conformance.rules:
        yield "Findings", f"{adobe.findings:,}", f"{adobe.findings_per_million:,.0f} per million calls"


def _slowest(report: LoadReport) -> str:
    return max(report.verbs, key=lambda verb: verb.p95_ms).verb if report.verbs else ""


def _facts(report: LoadReport) -> list[tuple[str, str]]:
    event, run, viewers, adobe = report.event, report.conformance.run, report.viewers, report.adobe
    return [
        ("Event", f"{event.name}, {event.workload} workload"),
        ("Speed", f"{event.speed:g} times the speed of the event" if event.speed != 1 else ""),
        (
            "Planned",
            f"{plural(event.audience, 'viewer')} in {span(event.seconds)}, at most {event.peak:g} arrivals per s",
        ),
        ("Target", run.service),
        ("Mock", run.mock),
        ("Started", run.started.replace("T", " ").replace("+00:00", " UTC")),
        ("Seed", str(event.seed)),
        ("Load generator delay", f"{viewers.late_p99_ms:g} ms (p99)"),
        (
            "Load generator capacity",
            f"{report.generator.viewers_s:g} viewers per second" if report.generator.viewers_s else "",
        ),
        ("Load generator shortage", report.generator.shortage),
        ("Load generator wait for a core", f"{report.generator.waited:g} % of the event"),
        ("Judging during the event", _judging(report.generator) if report.conformance.rules else ""),
        ("Event loop lag of the mock", f"{adobe.lag_p99_ms:g} ms (p99)" if run.mock else ""),
        ("Stalls of the mock", f"{adobe.stalls}, {adobe.stalled_s:.1f} s" if adobe.stalls else ""),
        ("Response time of the mock", f"{adobe.answered_p99_ms:g} ms (p99)" if adobe.calls else ""),
        ("Rules", f"{len(report.conformance.rules)} judged" if report.conformance.rules else ""),
    ]


def _judging(generator: GeneratorReport) -> str:
    later = f", {generator.judged_later:,} observations afterwards" if generator.judged_later else ""
    return f"{generator.judging:g} % of a core{later}"


def _incident(incident: IncidentReport) -> str:
    lasted = "" if incident.ends == incident.begins else " to the end"
    if incident.ends is not None and incident.ends > incident.begins:
        lasted = f" to {incident.ends:g} s"
    recovered = "" if incident.ends is None else f"; {recovery(incident)}"
    return f"{incident.name}, at {incident.begins:g} s{lasted}{recovered}"


def _charts(report: LoadReport) -> Iterator[Chart]:
    series, event = report.series, report.event
    times = Times(
        seconds=max(event.seconds, len(series.verbs) * series.step_seconds),
        step=series.step_seconds,
        incidents=[(incident.name, incident.begins, incident.ends) for incident in report.incidents],
    )

    def per_second(values: Sequence[float]) -> list[float]:
        return [value / series.step_seconds for value in values]

    yield charts.bars("Arrivals", "viewers per second", {"arrivals": per_second(series.arrivals)}, times)
    percentiles = {"p99": series.p99_ms, "p95": series.p95_ms, "p50": series.p50_ms}
    yield charts.lines("Latency of verbs", "ms", percentiles, times, log=True)
    calls = {endpoint: per_second(values) for endpoint, values in series.calls.items()}
    yield charts.stacked("Calls to Adobe Pass", "per second", calls, times)
    for title, unit, values, hue in (
        ("Verbs that failed", "per second", series.errors, 4),
        ("Throttled calls (429)", "per second", series.throttled, 2),
        ("Findings of the rules", "per second", series.findings, 6),
    ):
        if any(values):
            yield charts.bars(title, unit, {title.lower(): per_second(values)}, times, hue=hue)
