"""The summary of a series of runs: since when each finding stands, and which findings flicker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.reports.history.model import (
    SHOWN,
    FindingHistory,
    FindingRecord,
    HistoryReport,
    HistoryRun,
    ObjectiveHistory,
    RunRecord,
    Series,
)

STANDING, GONE, NOT_JUDGED = "standing", "gone", "not judged"
FLICKERS = 3
"""Changes of a finding (it appeared, or vanished) in the runs that are shown, from which on it flickers."""
_NOT_JUDGED = {"", Verdict.INCONCLUSIVE, Verdict.UNTESTABLE, Verdict.NOT_EXERCISED}


def summary(series: Series, runs: Sequence[RunRecord], *, folder: str = "", shown: int = SHOWN) -> HistoryReport:
    """Return the summary of the runs of a series, given oldest first, with the last ``shown`` of them."""
    latest = runs[-shown:]
    first: dict[tuple[str, str], FindingRecord] = {}
    for record in reversed(latest):
        if record.fingerprints == latest[-1].fingerprints:
            for finding in record.findings:
                first.setdefault((finding.rule, finding.fingerprint), finding)
    findings = [_finding(finding, runs, latest) for finding in first.values()]
    order = (STANDING, NOT_JUDGED, GONE)
    return HistoryReport(
        name=series.name,
        command=series.command,
        event=series.event,
        folder=folder,
        kept=len(runs),
        runs=[_run(record) for record in latest],
        findings=sorted(
            findings, key=lambda one: (one.state != STANDING, not one.flickers, order.index(one.state), one.rule)
        ),
        objectives=list(_objectives(latest)),
    )


def _run(record: RunRecord) -> HistoryRun:
    return HistoryRun(
        id=record.id,
        recorded=record.recorded,
        verdict=record.verdict,
        version=record.version,
        rule_set=record.rule_set,
        standings=dict(Counter(record.rules.values())),
        exceeded=sum(objective.holds is False for objective in record.objectives),
    )


def _finding(finding: FindingRecord, runs: Sequence[RunRecord], latest: Sequence[RunRecord]) -> FindingHistory:
    version = latest[-1].fingerprints
    numbers = [_number(finding, record, version) for record in runs]
    judged = [(record, number) for record, number in zip(runs, numbers, strict=True) if number is not None]
    shown = numbers[-len(latest) :]
    present = [number > 0 for number in shown if number is not None]
    since = None
    for record, number in reversed(judged):
        if not number:
            break
        since = record
    return FindingHistory(
        rule=finding.rule,
        fingerprint=finding.fingerprint,
        kind=finding.kind,
        subject=finding.subject,
        endpoint=finding.endpoint,
        state=NOT_JUDGED if shown[-1] is None else STANDING if shown[-1] else GONE,
        since=since.recorded if since else "",
        new=bool(shown[-1]) and since is runs[-1] and len(judged) > 1,
        since_first=since is not None and since is judged[0][0],
        flickers=sum(before != after for before, after in pairwise(present)) >= FLICKERS,
        findings=shown,
        standings=[record.rules.get(finding.rule, "") for record in latest],
    )


def _number(finding: FindingRecord, record: RunRecord, version: int) -> int | None:
    """Return the number of findings in a run; None if its rule was not judged, or fingerprints cannot be compared."""
    if record.fingerprints != version or record.rules.get(finding.rule, "") in _NOT_JUDGED:
        return None
    return sum(
        one.findings for one in record.findings if one.rule == finding.rule and one.fingerprint == finding.fingerprint
    )


def _objectives(latest: Sequence[RunRecord]) -> Iterable[ObjectiveHistory]:
    units = {one.name: one.unit for record in latest for one in record.objectives}
    by_name = [{one.name: one for one in record.objectives} for record in latest]
    for name, unit in units.items():
        found = [objectives.get(name) for objectives in by_name]
        yield ObjectiveHistory(
            name=name,
            unit=unit,
            limits=[one.limit if one else None for one in found],
            measured=[one.measured if one else None for one in found],
            holds=[one.holds if one else None for one in found],
        )
