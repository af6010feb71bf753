"""The section of a page with the latest runs: a strip of signs for the verdict, each finding and each objective."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from pass_harness.conformance.reports.history.listing import counts, latest, state, time
from pass_harness.conformance.reports.history.model import FindingHistory, HistoryReport, ObjectiveHistory
from pass_harness.conformance.reports.model import VIOLATED

SHOWN_FINDINGS = 40
"""Findings on the page; the JSON report has all of them."""
UNJUDGED = "not-exercised"


@dataclass(frozen=True)
class Cell:
    """A run in a strip: CSS class of its sign, the time of the run, and the meaning of the sign."""

    kind: str
    when: str
    word: str


@dataclass(frozen=True)
class Row:
    """A strip with its texts; ``spoken`` is its text for assistive technology."""

    cells: Sequence[Cell]
    spoken: str
    title: str = ""
    detail: str = ""
    note: str = ""
    tag: str = ""


@dataclass(frozen=True)
class RunRow:
    """A run in the table."""

    when: str
    verdict: str
    rules: str
    rule_set: str
    version: str


@dataclass(frozen=True)
class HistoryView:
    """The values of the section."""

    title: str
    folder: str
    omitted: int
    verdicts: Row
    rows: Sequence[Row]
    more: int
    runs: Sequence[RunRow]


def view(history: HistoryReport) -> HistoryView:
    """Return the values of the section for a history."""
    times = [time(run.recorded) for run in history.runs]
    verdicts = [Cell(run.verdict, when, run.verdict) for run, when in zip(history.runs, times, strict=True)]
    findings = [_finding(finding, times) for finding in history.findings[:SHOWN_FINDINGS]]
    return HistoryView(
        title=", ".join(filter(None, (history.name, history.command, history.event))),
        folder=history.folder,
        omitted=history.kept - len(history.runs),
        verdicts=_row(verdicts, note=f"{history.runs[-1].verdict} in this run"),
        rows=[*(_objective(objective, times) for objective in history.objectives), *findings],
        more=len(history.findings) - len(findings),
        runs=[
            RunRow(when, run.verdict, counts(run), run.rule_set, run.version)
            for run, when in zip(history.runs, times, strict=True)
        ],
    )


def _finding(finding: FindingHistory, times: Sequence[str]) -> Row:
    cells = [
        Cell(UNJUDGED, when, "not judged")
        if number is None
        else Cell(standing, when, "found")
        if number
        else Cell("passed", when, "judged without it")
        for number, standing, when in zip(finding.findings, finding.standings, times, strict=True)
    ]
    tag = "flickers" if finding.flickers else "new" if finding.new else ""
    return _row(cells, title=finding.rule, detail=finding.kind_in_full, note=state(finding), tag=tag)


def _objective(objective: ObjectiveHistory, times: Sequence[str]) -> Row:
    words = {True: ("passed", "kept"), False: (VIOLATED, "exceeded"), None: ("inconclusive", "not measured")}
    cells = [
        Cell(UNJUDGED, when, "not a limit") if limit is None else Cell(words[holds][0], when, words[holds][1])
        for limit, holds, when in zip(objective.limits, objective.holds, times, strict=True)
    ]
    value = latest(objective.measured, objective.limits, objective.unit)
    return _row(cells, title=objective.name, detail=value, tag="objective")


def _row(cells: Sequence[Cell], **texts: str) -> Row:
    return Row(cells, spoken=", ".join(_spoken(cells)), **texts)


def _spoken(cells: Iterable[Cell]) -> Iterable[str]:
    """Yield the words of a strip, equal neighbours together: ``judged without it 3 times``."""
    for word, group in groupby(cell.word for cell in cells):
        number = len(list(group))
        yield f"{word} {number} times" if number > 1 else word
