"""The forecast as Markdown, for the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.reports.markdown import escaped
from pass_harness.load.forecast import report_text
from pass_harness.load.forecast.report import ForecastReport
from pass_harness.load.report.markdown import table


def encode(report: ForecastReport) -> bytes:
    return "\n".join((*_lines(report), "")).encode("utf-8", "replace")


def _lines(report: ForecastReport) -> Iterator[str]:
    yield f"## Forecast of {escaped(report.event.name)}: {report_text.headline(report)}"
    simulated = report_text.simulated(report).capitalize()
    yield f"\n{' '.join(map(escaped, (report_text.lead(report), report_text.band(report))))} {escaped(simulated)}."
    yield ""
    if report.trace_lacks:
        yield f"- what the trace lacks is not in the habits: {escaped(report.trace_lacks)}"
    for rule in report.violated:
        yield f"- the trace violates {escaped(rule)}"
    for sentence in report.unforeseen:
        yield f"- left out: {escaped(sentence)}"
    for one in report_text.tables(report):
        yield f"\n### {one.heading}\n"
        if one.note:
            yield f"{one.note}\n"
        yield from table(one.columns, one.rows)
