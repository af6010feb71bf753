"""When a run says nothing of the service: because the harness was the bottleneck, or because nothing was judged."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.reports.model import Report
from load.event import Event
from load.judge import LiveJudge
from load.messages import Attendance

LATE_LIMIT_MS = 250.0
"""A verb sent later than this after its moment (p99) was not asked when the viewer meant to."""
LAG_LIMIT_MS = 250.0
"""Above this lag of the mock's event loop (p99) the mock, not the service, made viewers wait."""


def reasons_against(event: Event, conformance: Report, attendance: Attendance, judge: LiveJudge) -> list[str]:
    """Why the run is invalid, a sentence each with its remedy; empty if it is valid."""
    return list(_reasons(event, conformance, attendance, judge))


def _reasons(event: Event, conformance: Report, attendance: Attendance, judge: LiveJudge) -> Iterator[str]:
    if attendance.arrived < event.audience:
        yield f"only {attendance.arrived} of {event.audience} viewers arrived: the load generator broke off"
    accounted = attendance.finished + attendance.still_there + attendance.gave_up
    if accounted < attendance.arrived:
        yield f"{attendance.arrived - accounted} viewers were lost in the load generator"
    late = judge.demand.lateness.percentile(99)
    if late > LATE_LIMIT_MS:
        yield (
            f"the load generator was saturated: one verb in a hundred was sent {late:g} ms or more after its moment "
            f"(limit {LATE_LIMIT_MS:g} ms); make the audience smaller or the machine larger"
        )
    lag = judge.traffic.lags.percentile(99)
    if lag > LAG_LIMIT_MS:
        yield (
            f"the mock was saturated: its event loop lagged by {lag:g} ms or more for one exchange in a hundred "
            f"(limit {LAG_LIMIT_MS:g} ms); make the audience smaller or the machine larger"
        )
    if judge.lost:
        yield (
            f"the journal lost {judge.lost} exchanges before they were judged; raise [bounds] journal_exchanges of "
            "the mock, and let nobody empty the journal during the run"
        )
    if attendance.gave_up and attendance.gave_up == attendance.arrived:
        yield "every viewer gave up, so there was no event to judge: see the reasons"
    if not any(rule.opportunities for rule in conformance.rules):
        yield "nothing was judged: no rule had an opportunity"
