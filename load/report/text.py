"""The report for people: the verdict and its reasons first, then who came, what was asked, and what the rules say."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pass_harness.conformance.printable import printable
from pass_harness.conformance.reports import text as conformance
from pass_harness.conformance.reports.text import COLOURS
from pass_harness.load.report.model import IncidentReport, LoadReport
from pass_harness.load.report.report_text import amount, measured, verdict_word


def render(report: LoadReport, console: Console) -> None:
    """Prints the report; colour and width are the console's."""
    colour = COLOURS[report.verdict]
    word = verdict_word(report).upper()
    console.print(f"[bold {colour}]{word}[/]  event {escape(report.event.name)}: {escape(report.event.title)}")
    if report.event.speed != 1:
        console.print(f"{report.event.speed:g} times as fast as the event is", highlight=False)
    for reason in report.invalid:
        console.print(f"  {escape(printable(reason))}", highlight=False)
    if report.objectives:
        _objectives(report, console)
    _viewers(report, console)
    for incident in report.incidents:
        console.print(_incident(incident), highlight=False)
    if report.verbs:
        console.print("\n[bold]what viewers asked of the service[/] (ms from the moment they meant to)")
        console.print(_verbs(report))
    if report.adobe.calls:
        console.print("\n[bold]what the service asked of Adobe Pass[/]")
        _adobe(report, console)
    console.print("\n[bold]rules, judged during the event[/]")
    conformance.render(report.conformance, console)


def _objectives(report: LoadReport, console: Console) -> None:
    console.print("\n[bold]objectives[/]")
    for objective in report.objectives:
        colour, word = {True: ("green", "holds"), False: ("red", "broken"), None: ("yellow", "not measured")}[
            objective.holds
        ]
        console.print(
            f"[{colour}]{word:7}[/] {escape(objective.name)}: {measured(objective)}, limit "
            f"{amount(objective.limit, objective.unit)}",
            highlight=False,
        )
    console.print()


def _viewers(report: LoadReport, console: Console) -> None:
    event, viewers = report.event, report.viewers
    console.print(
        f"{viewers.arrived} of {event.audience} viewers in {event.seconds:g} s, at most {event.peak:g} arriving a "
        f"second: {viewers.finished} finished, {viewers.still_there} still there at the end, "
        f"{viewers.gave_up} gave up",
        highlight=False,
    )
    if failed := sum(verb.errors for verb in report.verbs):
        console.print(
            f"[bold yellow]{failed} of {sum(v.calls for v in report.verbs)} verbs failed[/]", highlight=False
        )
    if viewers.unprepared:
        console.print(f"{viewers.unprepared} could not be logged in before the event", highlight=False)
    for reason, number in viewers.reasons.items():
        console.print(f"  gave up ({number}): {escape(printable(reason))}", highlight=False)
    console.print(
        f"the generator was late by {viewers.late_p99_ms:g} ms (p99), {viewers.late_max_ms:g} ms (max)",
        highlight=False,
    )


def _incident(incident: IncidentReport) -> str:
    lasted = f" to {incident.ends:g} s" if incident.ends is not None else " to the end"
    over = "" if incident.ends == incident.begins else lasted
    recovered = (
        f"; well again after {incident.recovered_after:g} s"
        if incident.recovered_after is not None
        else "; never well again"
        if incident.ends is not None
        else ""
    )
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
        f"{adobe.findings} findings, {adobe.findings_per_million:,.0f} per million calls to Adobe Pass\n"
        f"the mock took {adobe.answered_p99_ms:g} ms (p99); its event loop lagged by {adobe.lag_p99_ms:g} ms (p99), "
        f"{adobe.lag_max_ms:g} ms (max); {adobe.lost} exchanges lost",
        highlight=False,
    )


def _table(columns: Sequence[str], rows: Sequence[tuple[str | int | float, ...]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*(escape(f"{cell:g}" if isinstance(cell, float) else str(cell)) for cell in row))
    return table
