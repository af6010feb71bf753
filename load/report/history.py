"""The record of a load test in a history: its verdict, objectives and figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pass_harness.conformance.reports.history import recording
from pass_harness.conformance.reports.history.model import ObjectiveRecord, RunRecord
from pass_harness.load.report.model import LoadReport


def record_of(report: LoadReport, *, name: str, now: datetime) -> RunRecord:
    """Return the record of a load test that ended at ``now``; an invalid one has judged and measured nothing."""
    record = recording.record_of(
        report.conformance,
        command="load",
        name=name,
        event=report.event.name,
        now=now,
        verdict=report.verdict,
        exit_code=report.exit_code,
        objectives=[
            ObjectiveRecord(name=one.name, unit=one.unit, limit=one.limit, measured=one.measured, holds=one.holds)
            for one in report.objectives
        ],
        figures=dict(_figures(report)),
    )
    if report.invalid:
        record.rules, record.findings, record.figures = {}, [], {}
    return record


def _figures(report: LoadReport) -> Iterator[tuple[str, float]]:
    viewers, adobe = report.viewers, report.adobe
    yield "viewers.arrived", viewers.arrived
    yield "viewers.gave_up", viewers.gave_up
    yield "adobe.calls", adobe.calls
    yield "adobe.throttled", adobe.throttled
    yield "adobe.failed", adobe.failed
    yield "adobe.amplification", adobe.amplification
    yield "adobe.findings_per_million", adobe.findings_per_million
    for verb in report.verbs:
        for figure in ("calls", "errors", "p50_ms", "p95_ms", "p99_ms", "max_ms"):
            yield f"{verb.verb}.{figure}", getattr(verb, figure)
