"""The report as text: verdict and reasons, viewers, verbs, calls, and the results of the rules."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pass_harness.conformance.printable import printable
from pass_harness.conformance.reports import text as conformance
from pass_harness.conformance.reports.numbers import amount, plural, span
from pass_harness.conformance.reports.text import COLOURS
from pass_harness.load.report.model import IncidentReport, LoadReport
from pass_harness.load.report.report_text import measured, recovery, verdict_word


def render(report: LoadReport, console: Console) -> None:
    """Print the report; the console determines colour and width."""
    colour = COLOURS[report.verdict]
    word = verdict_word(report).upper()
    console.print(f"[bold {colour}]{word}[/]  event {escape(report.event.name)}: {escape(report.event.title)}")
    if report.event.speed != 1:
        console.print(f"at {report.event.speed:g} times the speed of the event", highlight=False)
    for reason in report.invalid:
        console.print(f"  {escape(printable(reason))}", highlight=False)
    if report.objectives:
        _objectives(report, console)
    _viewers(report, console)
    for incident in report.incidents:
        console.print(_incident(incident), highlight=False)
    if report.verbs:
        console.print("\n[bold]verbs[/] (latency in ms from the intended start)")
        console.print(_verbs(report))
    if report.adobe.calls:
        console.print("\n[bold]calls to Adobe Pass by endpoint[/]")
        _adobe(report, console)
    console.print("\n[bold]rules, judged during the event[/]")
    conformance.render(report.conformance, console)


def _objectives(report: LoadReport, console: Console) -> None:
    console.print("\n[bold]objectives[/]")
    for objective in report.objectives:
        colour, word = {True: ("green", "kept"), False: ("red", "exceeded"), None: ("yellow", "not measured")}[
            objective.holds
        ]
        console.print(
            f"[{colour}]{word:8}[/] {escape(objective.name)}: {measured(objective)}, limit "
            f"{amount(objective.limit, objective.unit)}",
            highlight=False,
        )
    console.print()


def _viewers(report: LoadReport, console: Console) -> None:
    event, viewers = report.event, report.viewers
    console.print(
        f"{viewers.arrived} of {event.audience} viewers in {span(event.seconds)}, at most {event.peak:g} arrivals "
        f"per second: {viewers.finished} finished, {viewers.still_there} present at the end, "
        f"{viewers.gave_up} gave up",
        highlight=False,
    )
    if failed := sum(verb.errors for verb in report.verbs):
        console.print(
            f"[bold yellow]{failed} of {sum(v.calls for v in report.verbs)} verbs failed[/]", highlight=False
        )
    if viewers.unprepared:
        console.print(
            f"{viewers.unprepared} returning viewers could not be logged in before the event", highlight=False
        )
    for reason, number in viewers.reasons.items():
        console.print(f"  gave up ({number}): {escape(printable(reason))}", highlight=False)
    console.print(
        f"load generator delay: {viewers.late_p99_ms:g} ms (p99), {viewers.late_max_ms:g} ms (max); capacity "
        f"{report.generator.viewers_s:g} viewers per second (calibration)",
        highlight=False,
    )
    if report.generator.shortage:
        console.print(f"[bold yellow]WARNING[/] {escape(report.generator.shortage)}", highlight=False)


def _incident(incident: IncidentReport) -> str:
    lasted = f" to {incident.ends:g} s" if incident.ends is not None else " to the end"
    over = "" if incident.ends == incident.begins else lasted
    recovered = f"; {recovery(incident)}" if incident.ends is not None else ""
    return f"incident at {incident.begins:g} s{over}: {escape(incident.name)}{recovered}"


def _verbs(report: LoadReport) -> Table:
    return _table(
        ("verb", "calls", "errors", "p50", "p95", "p99", "max"),
        [(v.verb, v.calls, v.errors, v.p50_ms, v.p95_ms, v.p99_ms, v.max_ms) for v in report.verbs],
    )


def _adobe(report: LoadReport, console: Console) -> None:
    adobe = report.adobe
    console.print(
        _table(
            ("endpoint", "calls", "throttled", "failed"),
            [(e.endpoint, e.calls, e.throttled, e.failed) for e in adobe.endpoints],
        )
    )
    console.print(
        f"{adobe.calls} calls to Adobe Pass, {adobe.amplification:g} per viewer action; {adobe.throttled} throttled "
        f"(429), {adobe.failed} failed otherwise\n"
        f"{plural(adobe.findings, 'finding')}, {adobe.findings_per_million:,.0f} per million calls to Adobe Pass\n"
        f"mock: response time {adobe.answered_p99_ms:g} ms (p99); event loop lag {adobe.lag_p99_ms:g} ms (p99), "
        f"{adobe.lag_max_ms:g} ms (max); stalled for {adobe.stalled_s:.1f} s; {adobe.lost} exchanges lost",
        highlight=False,
    )


def _table(columns: Sequence[str], rows: Sequence[tuple[str | int | float, ...]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*(escape(f"{cell:g}" if isinstance(cell, float) else str(cell)) for cell in row))
    return table
