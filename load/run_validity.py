"""When a run says nothing of the service: because the harness was the bottleneck, or because nothing was judged."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.reports.model import Report
from pass_harness.load.event import Event
from pass_harness.load.ipc_messages import Attendance
from pass_harness.load.live_evaluation import LiveJudge

LATE_LIMIT_MS = 250.0
"""A verb sent later than this after its moment (p99) was not asked when the viewer meant to."""
LAG_LIMIT_MS = 250.0
"""Above this lag of the mock's event loop (p99) the mock, not the service, made viewers wait."""

BUSY_LIMIT = 95.0
"""Per cent of a core above which a generating process, which has no more than one, was the bottleneck."""
UNPREPARED_LIMIT = 0.02
"""The share of the audience that may be missing among those who were logged in before."""


def reasons_against(
    event: Event, conformance: Report, attendance: Attendance, judge: LiveJudge, *, judged: bool = False
) -> list[str]:
    """Why the run is invalid, a sentence each with its remedy; empty if it is valid.

    ``judged`` says whether there are objectives, so that a run without rules says something.
    """
    reasons = list(_reasons(event, conformance, attendance, judge))
    if not judged and not any(rule.opportunities for rule in conformance.rules):
        reasons.append(
            "nothing was judged: no rule had an opportunity"
            if conformance.rules
            else "nothing was judged: without a mock there are no rules, so say with --slo what has to hold"
        )
    return reasons


def _reasons(event: Event, conformance: Report, attendance: Attendance, judge: LiveJudge) -> Iterator[str]:
    if attendance.arrived < event.audience:
        yield f"only {attendance.arrived} of {event.audience} viewers arrived: the load generator broke off"
    accounted = attendance.finished + attendance.still_there + attendance.gave_up
    if accounted < attendance.arrived:
        yield f"{attendance.arrived - accounted} viewers were lost in the load generator"
    if attendance.unprepared > event.audience * UNPREPARED_LIMIT:
        yield (
            f"{attendance.unprepared} returning viewers could not be logged in before the event; lower warm_up, or "
            "see why logins fail"
        )
    arrivals = judge.demand.arrivals.percentile(99)
    if arrivals > LATE_LIMIT_MS:
        yield (
            f"arrivals were late: one viewer in a hundred was let in {arrivals:g} ms or more after their moment "
            f"(limit {LATE_LIMIT_MS:g} ms); make the audience smaller, or generate with more processes"
        )
    if attendance.busiest > BUSY_LIMIT:
        yield (
            f"the load generator was saturated: a process used {attendance.busiest:.0f} % of its core; generate with "
            "more processes (--processes)"
        )
    if attendance.held_back > LATE_LIMIT_MS / 1000:
        yield (
            f"the limit of the rate held calls back by up to {attendance.held_back:.1f} s, so viewers did not ask "
            "when they meant to; raise --rate, or make the audience smaller"
        )
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
