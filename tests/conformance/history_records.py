"""Synthetic records of runs, a minute apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pass_harness.conformance.reports.history.model import (
    FindingRecord,
    HistoryReport,
    ObjectiveRecord,
    RunRecord,
)
from pass_harness.conformance.reports.history.trends import summary

POLLS = "authentication.poll-interval"
BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def recorded(number: int) -> str:
    """Return the end of a run by its number."""
    return (BEGIN + timedelta(minutes=number)).isoformat(timespec="milliseconds")


def run(number: int, mark: str, *, name: str = "checkout", p95: float | None = None) -> RunRecord:
    """Return the record of a run: ``x`` has the finding, ``o`` judged the rule without it, ``.`` did not judge it."""
    standing = {"x": "violated", "o": "passed", ".": "not exercised"}[mark]
    finding = FindingRecord(rule=POLLS, fingerprint="0123456789abcdef", findings=2, kind="polled-too-soon")
    limits = (
        [] if p95 is None else [ObjectiveRecord(name="p95", unit="ms", limit=500, measured=p95, holds=p95 <= 500)]
    )
    return RunRecord(
        id=f"20260101-12{number:02}00-0123abcd",
        recorded=recorded(number),
        command="run" if p95 is None else "load",
        name=name,
        event="" if p95 is None else "kickoff",
        version="1.0",
        rule_set="2026.2",
        fingerprints=2,
        seconds=2.5,
        verdict="violated" if mark == "x" else "passed",
        exit_code=1 if mark == "x" else 0,
        rules={POLLS: standing, "registration.token-reused": "passed"},
        findings=[finding] * (mark == "x"),
        objectives=limits,
        figures={} if p95 is None else {"play.p95_ms": p95},
    )


def runs(marks: str, *, name: str = "checkout") -> list[RunRecord]:
    """Return a record for each mark, oldest first."""
    return [run(number, mark, name=name) for number, mark in enumerate(marks)]


def history(records: Sequence[RunRecord]) -> HistoryReport:
    """Return the summary of records of one series."""
    return summary(records[-1].series, records, folder="history")
