"""The forecast as text: the peak first, then the comparison without each defect, then the other tables."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pass_harness.load.forecast import report_text
from pass_harness.load.forecast.report import ForecastReport


def render(report: ForecastReport, console: Console) -> None:
    """Print the report; the console determines colour and width."""
    console.print(
        f"[bold]{report_text.headline(report)}[/]  event {escape(report.event.name)}: {escape(report.event.title)}"
    )
    console.print(escape(report_text.lead(report)), highlight=False)
    console.print(report_text.band(report), highlight=False)
    console.print(f"{report_text.simulated(report)}; seed {report.event.seed}", highlight=False)
    if report.trace_lacks:
        console.print(
            f"[yellow]what the trace lacks is not in the habits:[/] {escape(report.trace_lacks)}", highlight=False
        )
    for rule in report.violated:
        console.print(f"[bold red]the trace violates[/] {escape(rule)}", highlight=False)
    for sentence in report.unforeseen:
        console.print(f"[yellow]left out:[/] {escape(sentence)}", highlight=False)
    for table in report_text.tables(report):
        console.print(f"\n[bold]{escape(table.heading)}[/]")
        if table.note:
            console.print(escape(table.note), highlight=False)
        console.print(_table(table))


def _table(table: report_text.Table) -> Table:
    drawn = Table(box=None, pad_edge=False)
    for number, column in enumerate(table.columns):
        is_text = number == 0 or column in table.texts
        drawn.add_column(column, justify="left" if is_text else "right", overflow="fold")
    for row in table.rows:
        drawn.add_row(*map(escape, row))
    return drawn
