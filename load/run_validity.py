"""Validity of a run: a run is invalid if the harness was the bottleneck, or if nothing was judged."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.reports.model import Report
from pass_harness.conformance.reports.numbers import plural
from pass_harness.load.event import Event
from pass_harness.load.ipc_messages import Attendance
from pass_harness.load.live_evaluation import LiveJudge

LATE_LIMIT_MS = 250.0
"""Maximum delay in ms of verbs and arrivals (p99); above it, viewers did not act at the intended time."""
LAG_LIMIT_MS = 250.0
"""Maximum lag in ms of the mock's event loop (p99); above it, the mock delayed the viewers, not the service."""
STALLED_LIMIT = 0.01
"""Maximum time in which the mock was stalled, as a share of the event: the objectives limit percentiles up to p99."""

BUSY_LIMIT = 95.0
"""Maximum CPU usage of a generating process, in per cent of the one core that it can use."""
WAITED_LIMIT = 10.0
"""Maximum time that a generating process waits for a core, in per cent of the event."""
FAILED_LIMIT = 0.01
"""Share of failed verbs above which the service, not the load generator, is what connections wait for."""
UNPREPARED_LIMIT = 0.02
"""Maximum number of returning viewers without a login before the event, as a share of the audience."""


def reasons_against(
    event: Event,
    conformance: Report,
    attendance: Attendance,
    judge: LiveJudge,
    *,
    judged: bool = False,
    shortage: str = "",
) -> list[str]:
    """Return the reasons why the run is invalid, a sentence each with its remedy; empty for a valid run.

    ``judged`` is True if the run has limits (SLOs), which make a run without rules valid. ``shortage`` is what the
    load generator lacked by its calibration; it explains a generator that was late.
    """
    reasons = list(_reasons(event, attendance, judge, shortage))
    if not judged and not any(rule.opportunities for rule in conformance.rules):
        reasons.append(
            "nothing was judged: no rule had an opportunity"
            if conformance.rules
            else "nothing was judged: without a mock there are no rules; set limits with --slo"
        )
    return reasons


def _reasons(event: Event, attendance: Attendance, judge: LiveJudge, shortage: str) -> Iterator[str]:
    if attendance.arrived < event.audience:
        yield f"only {attendance.arrived} of {event.audience} viewers arrived: the load generator was interrupted"
    accounted = attendance.finished + attendance.still_there + attendance.gave_up
    if accounted < attendance.arrived:
        why = f"failed ({', '.join(attendance.failures)}); report it" if attendance.failures else "was interrupted"
        lost = plural(attendance.arrived - accounted, "viewer was", "viewers were")
        yield f"{lost} lost: the load generator {why}"
    if attendance.unprepared > event.audience * UNPREPARED_LIMIT:
        yield (
            f"{attendance.unprepared} returning viewers could not be logged in before the event; find out "
            "why logins fail"
        )
    arrivals = judge.demand.arrivals.percentile(99)
    if arrivals > LATE_LIMIT_MS:
        yield (
            f"arrivals were late: one viewer in a hundred arrived {arrivals:g} ms or more after the planned time "
            f"(limit {LATE_LIMIT_MS:g} ms); {_lacking(attendance, shortage)}"
        )
    if attendance.busiest > BUSY_LIMIT:
        yield (
            f"the load generator was saturated: a process used {attendance.busiest:.0f} % of its core; generate with "
            "more processes (--processes)"
        )
    if attendance.held_back > LATE_LIMIT_MS / 1000:
        yield (
            f"the rate limit of the load delayed calls by up to {attendance.held_back:.1f} s, so viewers did not act "
            "at the intended time; raise --rate, or make the audience smaller"
        )
    yield from _shortages(attendance, judge)
    late = judge.demand.lateness.percentile(99)
    if late > LATE_LIMIT_MS:
        yield (
            f"the load generator was saturated: one verb in a hundred was sent {late:g} ms or more after its time "
            f"(limit {LATE_LIMIT_MS:g} ms); make the audience smaller or the machine larger"
        )
    lag = judge.traffic.lags.percentile(99)
    if lag > LAG_LIMIT_MS:
        yield (
            f"the mock was saturated: its event loop lagged by {lag:g} ms or more for one exchange in a hundred "
            f"(limit {LAG_LIMIT_MS:g} ms); make the audience smaller or the machine larger"
        )
    stalled_s, seconds = judge.stalled_s, judge.timeline.seconds
    if stalled_s > seconds * STALLED_LIMIT:
        yield (
            f"the mock was stalled for {stalled_s:.1f} s, {stalled_s / seconds:.1%} of the event (limit "
            f"{STALLED_LIMIT:.0%}): its process did not run; give it a core of its own, and a container without a "
            "CPU limit"
        )
    if judge.lost:
        yield (
            f"the journal lost {judge.lost} exchanges before they were judged; raise [bounds] journal_exchanges of "
            "the mock, and do not empty the journal during the run"
        )
    if attendance.gave_up and attendance.gave_up == attendance.arrived:
        yield "every viewer gave up, so there was no event to judge: see the reasons for giving up"


def _shortages(attendance: Attendance, judge: LiveJudge) -> Iterator[str]:
    for resource, number in attendance.lacked.items():
        yield (
            f"the load generator lacked {resource}: {plural(number, 'request')} could not be sent; allow it more "
            "(`ulimit -n` for file descriptors), or generate with more processes or machines"
        )
    # Where verbs time out, the service holds the connections.
    if attendance.queued > LATE_LIMIT_MS / 1000 and judge.demand.errors <= judge.demand.actions * FAILED_LIMIT:
        yield (
            f"the load generator had too few connections: a request waited {attendance.queued:.1f} s for one of the "
            "1,000 of its process; generate with more processes (--processes)"
        )


def _lacking(attendance: Attendance, shortage: str) -> str:
    """Return which process lacked what, and the remedy."""
    if attendance.waited > WAITED_LIMIT:
        return (
            f"a generating process waited for a core for {attendance.waited:.0f} % of the event: the mock, the "
            "service and other processes had the cores; leave one for each generating process, or generate on "
            "another machine"
        )
    return shortage or "make the audience smaller, or generate with more processes"
