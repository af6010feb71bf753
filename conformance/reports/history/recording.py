"""The record of a run, composed from its report."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pass_harness.conformance.evaluation.tally import OTHER_KINDS
from pass_harness.conformance.printable import presentable
from pass_harness.conformance.reports.history.model import FindingRecord, ObjectiveRecord, RunRecord
from pass_harness.conformance.reports.model import Report, RuleReport
from pass_harness.conformance.reports.run import Run
from pass_harness.mock_server.formats.printable import shortened

KEPT_KINDS = 20
"""Fingerprints of a rule in a record; findings with any other are recorded as `OTHER_KINDS`."""
LONGEST_NAME = 200


def record_of(
    report: Report,
    *,
    command: str,
    name: str = "",
    event: str = "",
    now: datetime,
    verdict: str = "",
    exit_code: int | None = None,
    objectives: Sequence[ObjectiveRecord] = (),
    figures: Mapping[str, float] | None = None,
) -> RunRecord:
    """Return the record of a run that ended at ``now``; a load test has its own verdict, objectives and figures."""
    at = now.astimezone(UTC)
    record = RunRecord(
        id=f"{at:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}",
        recorded=at.isoformat(timespec="milliseconds"),
        command=command,
        name=shortened(name or _name(report.run), LONGEST_NAME),
        event=event,
        version=version("pass-harness"),
        rule_set=report.run.rule_set,
        fingerprints=report.fingerprints,
        started=report.run.started,
        seconds=round(report.run.seconds, 3),
        verdict=verdict or report.verdict,
        exit_code=report.exit_code if exit_code is None else exit_code,
        rules={rule.id: str(report.standing(rule)) for rule in report.rules},
        findings=[finding for rule in report.rules for finding in _findings(rule)],
        objectives=list(objectives),
        figures=dict(figures or {}),
    )
    return presentable(record)


def _name(run: Run) -> str:
    return ", ".join(map(relative, run.files)) or run.service or run.mock


def relative(file: str) -> str:
    """Return the path of a file, relative to the working directory if it is below it."""
    path = Path(file)
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else file


def _findings(rule: RuleReport) -> Iterator[FindingRecord]:
    kinds = sorted(rule.kinds, key=lambda kind: (kind.fingerprint == OTHER_KINDS, kind.fingerprint))
    own = [kind for kind in kinds[:KEPT_KINDS] if kind.fingerprint != OTHER_KINDS]
    for kind in own:
        yield FindingRecord(
            rule=rule.id,
            fingerprint=kind.fingerprint,
            findings=kind.findings,
            waived=kind.waived,
            kind=kind.kind,
            subject=shortened(kind.subject, LONGEST_NAME),
            endpoint=kind.endpoint,
        )
    if rest := kinds[len(own) :]:
        yield FindingRecord(
            rule=rule.id,
            fingerprint=OTHER_KINDS,
            findings=sum(kind.findings for kind in rest),
            waived=sum(kind.waived for kind in rest),
        )
