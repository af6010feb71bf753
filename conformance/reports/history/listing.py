"""The output of `pass-conformance history`: text, JSON, and CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

from pass_harness.conformance.printable import presentable
from pass_harness.conformance.reports.history.folder import Records
from pass_harness.conformance.reports.history.model import (
    FindingHistory,
    HistoryReport,
    HistoryRun,
    RunRecord,
    Series,
)
from pass_harness.conformance.reports.history.trends import GONE, STANDING, summary
from pass_harness.conformance.reports.numbers import amount, plural
from pass_harness.conformance.reports.text import COLOURS
from pass_harness.conformance.reports.violations import ORDER

FOUND, WITHOUT, UNJUDGED = "✕", "✓", "·"
"""Marks of a run in the line of a finding: has it, was judged without it, did not judge its rule."""
KEPT, EXCEEDED, UNMEASURED = "✓", "✕", "?"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Characters with which a spreadsheet begins a formula."""
_RUN = ("id", "recorded", "command", "name", "event", "version", "rule_set", "started", "seconds", "verdict")


def render(records: Records, chosen: Sequence[Series], console: Console, *, shown: int) -> None:
    """Print the runs of each series with their findings and objectives."""
    series = records.series()
    for number, one in enumerate(chosen):
        if number:
            console.print()
        for line in _lines(presentable(summary(one, series[one], shown=shown))):
            console.print(line, highlight=False, soft_wrap=True)


def _lines(history: HistoryReport) -> Iterator[str]:
    title = ", ".join(filter(None, (history.name, history.command, history.event)))
    omitted = f", the latest {len(history.runs)} of them" if len(history.runs) < history.kept else ""
    yield f"[bold]{escape(title)}[/]: {plural(history.kept, 'run')}{omitted}, oldest first"
    for run in history.runs:
        colour = COLOURS.get(run.verdict, "yellow")
        yield f"  {time(run.recorded)}  [{colour}]{escape(run.verdict):12}[/]  {_in_short(run)}"
    if history.findings:
        yield f"\n[bold]findings[/] by run ({FOUND} found, {WITHOUT} judged without it, {UNJUDGED} not judged)"
        for finding in history.findings:
            marks = "".join(UNJUDGED if n is None else FOUND if n else WITHOUT for n in finding.findings)
            yield f"  {marks}  {escape(finding.rule)}: {escape(finding.kind_in_full)}; {state(finding)}"
    if history.objectives:
        yield f"\n[bold]objectives[/] by run ({KEPT} kept, {EXCEEDED} exceeded, {UNMEASURED} not measured)"
        for objective in history.objectives:
            marks = "".join(
                UNJUDGED if limit is None else {True: KEPT, False: EXCEEDED, None: UNMEASURED}[holds]
                for limit, holds in zip(objective.limits, objective.holds, strict=True)
            )
            value = latest(objective.measured, objective.limits, objective.unit)
            yield f"  {marks}  {escape(objective.name)}: {value}"


def time(recorded: str) -> str:
    """Return an ISO 8601 time (UTC) as reports show it: ``2026-11-30 22:41 UTC``."""
    return f"{recorded[:16].replace('T', ' ')} UTC"


def counts(run: HistoryRun) -> str:
    """Return the number of rules by standing, and of exceeded objectives."""
    parts = [f"{run.standings[one]} {one}" for one in ORDER if one in run.standings]
    parts += [f"{plural(run.exceeded, 'objective')} exceeded"] * bool(run.exceeded)
    return ", ".join(parts) or "no rule"


def _in_short(run: HistoryRun) -> str:
    source = ", ".join(filter(None, (f"rules {run.rule_set}" * bool(run.rule_set), run.version)))
    return escape(counts(run) + (f" ({source})" if source else ""))


def state(finding: FindingHistory) -> str:
    """Return since when a finding stands, and whether it flickers, as a clause."""
    if finding.since:
        since = f"since {time(finding.since)}" + (" or earlier" if finding.since_first else "")
        since = since if finding.state == STANDING else f"{since}, not judged in the latest run"
    else:
        since = "gone" if finding.state == GONE else "gone, and not judged in the latest run"
    return f"{since}; flickers" if finding.flickers else since


def latest(measured: Sequence[float | None], limits: Sequence[float | None], unit: str) -> str:
    """Return the last measured value of an objective with its limit, as a clause."""
    value, limit = measured[-1], limits[-1]
    if limit is None:
        return "not in the latest run"
    return f"{'not measured' if value is None else amount(value, unit)}, limit {amount(limit, unit)}"


def as_json(records: Records, chosen: Sequence[Series], *, shown: int) -> bytes:
    """Return each series with its summary, in which ``runs`` are the whole records, as indented JSON."""
    series = records.series()
    content = [
        {**msgspec.to_builtins(summary(one, series[one], shown=shown)), "runs": series[one][-shown:]}
        for one in chosen
    ]
    made = {"series": content, "skipped": records.skipped}
    return msgspec.json.format(msgspec.json.encode(presentable(made)), indent=2) + b"\n"


def runs_as_csv(runs: Sequence[RunRecord]) -> str:
    """Return a row for each run: its verdict, the number of rules by standing and findings, objectives, figures."""
    objectives = list(dict.fromkeys(one.name for run in runs for one in run.objectives))
    figures = sorted({name for run in runs for name in run.figures})
    header = [*_RUN, "exit_code", *(f"rules {standing}" for standing in ORDER), "findings", "waived"]
    header += [column for name in objectives for column in (f"{name} measured", f"{name} limit", f"{name} holds")]
    rows = []
    for run in runs:
        standings = list(run.rules.values())
        row: list[Any] = [*(getattr(run, name) for name in _RUN), run.exit_code]
        row += [standings.count(str(standing)) for standing in ORDER]
        row += [sum(one.findings for one in run.findings), sum(one.waived for one in run.findings)]
        by_name = {one.name: one for one in run.objectives}
        for name in objectives:
            one = by_name.get(name)
            row += [one.measured, one.limit, one.holds] if one else [None] * 3
        rows.append([*row, *(run.figures.get(name) for name in figures)])
    return _csv([*header, *figures], rows)


def findings_as_csv(runs: Sequence[RunRecord]) -> str:
    """Return a row for each finding of each run."""
    of_run = ("id", "recorded", "command", "name", "event")
    of_finding = ("rule", "kind", "subject", "endpoint", "fingerprint", "findings", "waived")
    rows = [
        [*(getattr(run, name) for name in of_run), run.rules.get(one.rule, "")]
        + [getattr(one, name) for name in of_finding]
        for run in runs
        for one in run.findings
    ]
    return _csv([*of_run, "standing", *of_finding], rows)


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerow(map(_cell, header))
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    """Return the value of a cell. A text that would be a formula begins with an apostrophe."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    text = presentable(value)
    return f"'{text}" if text.startswith(FORMULA) else text
