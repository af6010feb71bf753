"""The report of a run as Markdown, for the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pass_harness.conformance.reports.markdown import MARKS, escaped
from pass_harness.conformance.reports.model import VIOLATED, RuleReport
from pass_harness.conformance.reports.numbers import amount, plural, span
from pass_harness.conformance.reports.violations import because, violations
from pass_harness.load.report.model import LoadReport
from pass_harness.load.report.report_text import lead, measured, verdict_word

RESULTS = {True: "✅ kept", False: "❌ exceeded", None: "❔ not measured"}


def encode(report: LoadReport) -> bytes:
    return "\n".join((*_lines(report), "")).encode("utf-8", "replace")


def _lines(report: LoadReport) -> Iterator[str]:
    event, viewers, adobe = report.event, report.viewers, report.adobe
    speed = f" at {event.speed:g} times the speed of the event" if event.speed != 1 else ""
    yield f"## {MARKS[report.verdict]} Live event {escaped(event.name)}: {verdict_word(report).lower()}"
    yield f"\n{lead(report)}"
    for reason in report.invalid:
        yield f"- {escaped(reason)}"
    yield (
        f"\n{viewers.arrived} of {event.audience} viewers in {span(event.seconds)}{speed}, at most {event.peak:g} "
        f"arrivals per second; {viewers.gave_up} gave up. {adobe.calls} calls to Adobe Pass, "
        f"{adobe.amplification:g} per action; {adobe.throttled} throttled; {plural(adobe.findings, 'finding')}."
    )
    if report.objectives:
        yield "\n### Objectives\n"
        rows = [(o.name, measured(o), amount(o.limit, o.unit), RESULTS[o.holds]) for o in report.objectives]
        yield from table(("objective", "measured", "limit", ""), rows)
    if report.incidents:
        yield "\n### Incidents\n"
        yield from table(
            ("incident", "from s", "to s", "recovery s"),
            [(i.name, f"{i.begins:g}", _seconds(i.ends), _seconds(i.recovered_after)) for i in report.incidents],
        )
    broken = [rule for found in violations(report.conformance) for rule in (found.rule, *found.consequences)]
    if broken:
        yield "\n### Violated rules\n"
        yield from table(
            ("", "rule", "requirement", "violations", ""),
            [
                (rule.severity, rule.id, rule.title, f"{rule.broken} of {rule.opportunities}", _note(rule, report))
                for rule in broken
            ],
        )
    if report.verbs:
        yield "\n### Verbs (latency in ms from the intended start)\n"
        yield from table(
            ("verb", "calls", "failed", "p50", "p95", "p99"),
            [
                (v.verb, str(v.calls), str(v.errors), f"{v.p50_ms:g}", f"{v.p95_ms:g}", f"{v.p99_ms:g}")
                for v in report.verbs
            ],
        )
    if adobe.endpoints:
        yield "\n### Calls by endpoint\n"
        yield from table(
            ("endpoint", "calls", "throttled", "failed"),
            [(e.endpoint, str(e.calls), str(e.throttled), str(e.failed)) for e in adobe.endpoints],
        )


def _note(rule: RuleReport, load: LoadReport) -> str:
    """Return the standing of a rule that does not count as violated, with its cause if it is a consequence."""
    report = load.conformance
    cause, standing = report.cause(rule), report.standing(rule)
    if cause is not None:
        return because(cause, counts=standing == VIOLATED)
    return "" if standing == VIOLATED else standing


def table(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(map(escaped, row))} |"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
