"""slo.toml: limits, and their evaluation against the measurements."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from load_traces import asked, event, exchange

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import select
from pass_harness.conformance.reports.composition import compose as compose_conformance
from pass_harness.conformance.reports.run import Run
from pass_harness.load import slo
from pass_harness.load.event import Event
from pass_harness.load.incidents import Incident, Moment
from pass_harness.load.ipc_messages import Attendance
from pass_harness.load.live_evaluation import LiveJudge
from pass_harness.load.report.model import LoadReport, compose
from pass_harness.load.slo import Limits, Objective, Recovery, Slo, VerbLimits, recovered_after
from pass_harness.load.timeline import MOST_STEPS, Timeline
from pass_harness.mock_server.formats.durations import parse_duration

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "slo-toml.md").read_text("utf-8")


def read(tmp_path: Path, text: str) -> Slo:
    path = tmp_path / "slo.toml"
    path.write_text(text, "utf-8")
    return slo.load(path)


def test_limits_are_read(tmp_path: Path) -> None:
    found = read(tmp_path, '[slo]\np95 = "400ms"\nerror_share = 0.01\n[verbs.play]\np99 = "2s"\n')
    assert (found.limits.p95, found.limits.error_share, found.limits.p99) == (400, 0.01, None)
    assert found.verbs["play"].p99 == 2000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[slo]\np95 = 400\n", "slo.toml:2:1: slo.p95: 400 is not a duration"),
        ('[slo]\np94 = "1s"\n', 'slo.toml:2:1: [slo] has no key "p94"; did you mean "p99"?'),
        ("[slo]\nerror_share = 2\n", "slo.toml:2:1: slo.error_share must be from 0 to 1"),
        ("[slo]\namplification = nan\n", "slo.toml:2:1: slo.amplification must be a finite number"),
        ('[verbs.paly]\np95 = "1s"\n', 'slo.toml:1:1: [verbs] has no verb "paly"; did you mean "play"?'),
        ('[verbs.play]\nrecovery = "1s"\n', '[verbs.play] has no key "recovery"'),
        ('[limits]\np95 = "1s"\n', 'there is no section "limits"'),
        ("[slo]\n", "the file has no limit"),
        ("", "the file has no limit"),
    ],
)
def test_an_error_has_position_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as said:
        read(tmp_path, text)
    assert says in str(said.value)


def run(*, plays: int = 100, slow: int = 0, failed: int = 0, throttled: int = 0) -> LiveJudge:
    """Return a second of plays with one call to Adobe Pass each."""
    judge = LiveJudge([], Expectations(), seconds=60.0)
    judge.begin(0.0)
    for number in range(plays):
        took = 2.0 if number < slow else 0.1
        failure = "down" if number < failed else None
        judge.verb(asked("play", intended=0.5, started=0.5, ended=0.5 + took, failure=failure))
        status = 429 if number < throttled else 200
        judge.exchange(exchange(number + 1, 0.5, "decisions.authorize", status=status))
    return judge


def report(limits: Slo, judge: LiveJudge, of: Event | None = None, invalid: list[str] | None = None) -> LoadReport:
    return compose(
        of or event(),
        compose_conformance([], run=Run()),
        invalid or [],
        attendance=Attendance(arrived=100, finished=100),
        judge=judge,
        slo=limits,
        seed=1,
    )


def objective(found: LoadReport) -> Objective:
    (one,) = found.objectives
    return one


@pytest.mark.parametrize(
    ("limits", "broken", "held"),
    [
        (Limits(p95=parse_duration("500ms")), run(slow=6), run(slow=5)),
        (Limits(p99=parse_duration("500ms")), run(slow=2), run(slow=1)),
        (Limits(error_share=0.01), run(failed=2), run(failed=1)),
        (Limits(throttled_share=0.01), run(throttled=2), run(throttled=1)),
        (Limits(amplification=0.99), run(), run(plays=0)),
    ],
)
def test_each_limit_can_be_missed(limits: Limits, broken: LiveJudge, held: LiveJudge) -> None:
    found = report(Slo(limits=limits), broken)
    assert (objective(found).holds, found.verdict, found.exit_code) == (False, "violated", 1)
    assert objective(report(Slo(limits=limits), held)).holds is not False


def test_a_verb_has_limits_of_its_own() -> None:
    limits = Slo(verbs={"play": VerbLimits(p95=parse_duration("50ms"))})
    found = report(limits, run())
    assert (objective(found).name, objective(found).holds) == ("play.p95", False)


def test_an_unmeasured_objective_never_passes() -> None:
    limits = Slo(verbs={"logout": VerbLimits(p95=parse_duration("50ms"))})
    found = report(limits, run())
    assert (objective(found).measured, objective(found).holds) == (None, None)
    assert (found.verdict, found.exit_code) == ("inconclusive", 3)


def test_an_invalid_run_is_not_evaluated() -> None:
    found = report(Slo(limits=Limits(error_share=0.0)), run(failed=9), invalid=["the mock was saturated"])
    assert (found.objectives, found.exit_code) == ([], 3)


def seconds(*failing: int, to: int = 30) -> LiveJudge:
    """Return ten plays a second; one fails in each of the named seconds."""
    judge = LiveJudge([], Expectations(), seconds=60.0)
    judge.begin(0.0)
    for second in range(to):
        for number in range(10):
            failure = "down" if second in failing and number == 0 else None
            judge.verb(
                asked("play", intended=second + 0.5, started=second + 0.5, ended=second + 0.6, failure=failure)
            )
    return judge


OUTAGE = Incident(at=Moment("+5s"), lasts=parse_duration("5s"), preset="mvpd-down")


def recovery(judge: LiveJudge, limits: VerbLimits | None = None, others: Sequence[Incident] = ()) -> Recovery:
    found = recovered_after(OUTAGE, [OUTAGE, *others], judge.timeline, limits or VerbLimits())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("failing", "took"),
    [
        ((), 0.0),
        (range(5, 10), 0.0),
        (range(5, 14), 4.0),
        ((6, 11, 13, 16), 7.0),
        ((25,), 0.0),
        (range(5, 30), None),
    ],
)
def test_recovery_is_the_time_to_the_first_good_seconds_in_a_row(
    failing: tuple[int, ...], took: float | None
) -> None:
    found = recovery(seconds(*failing))
    assert found.after == took


def test_a_tolerated_error_rate_does_not_delay_recovery() -> None:
    assert recovery(seconds(*range(30)), VerbLimits(error_share=0.1)).after == 0.0


def test_slow_seconds_delay_recovery() -> None:
    limits = VerbLimits(p95=parse_duration("50ms"))
    assert recovery(seconds(), limits).after is None


def test_recovery_is_an_objective_for_each_incident_that_ends() -> None:
    of = msgspec.structs.replace(
        event(),
        incidents=(
            OUTAGE,
            Incident(at=Moment("+20s"), preset="mvpd-slow"),
            Incident(at=Moment("+2s"), fail_over=True),
        ),
    )
    limits = Slo(limits=Limits(recovery=parse_duration("3s")))
    found = report(limits, seconds(*range(5, 14)), of)
    assert [(one.name, one.measured, one.holds) for one in found.objectives] == [
        ("recovery after mvpd-down", 4.0, False),
        ("recovery after fail-over", 0.0, True),
    ]
    assert [incident.ends for incident in found.incidents] == [10.0, None, 2.0]


def slow(at: str, lasts: str | None = None) -> Incident:
    return Incident(at=Moment(at), lasts=parse_duration(lasts) if lasts else None, preset="mvpd-slow")


def one_step(failing: range, width: float = 144.0) -> LiveJudge:
    """Return plays in each second of three long steps of a day."""
    judge = LiveJudge([], Expectations(), seconds=width * MOST_STEPS)
    judge.begin(0.0)
    for second in range(int(width) * 3):
        failure = "down" if second in failing else None
        judge.verb(asked("play", intended=second, started=second, ended=second + 0.1, failure=failure))
    return judge


@pytest.mark.parametrize(
    ("found", "limit", "holds"),
    [
        (recovery(seconds(*range(5, 12))), 2.0, True),
        (recovery(seconds(*range(5, 14))), 3.0, False),
        (recovery(seconds(*range(5, 30))), 10.0, False),
        (recovery(seconds(*range(5, 13), to=13)), 20.0, None),
        (recovery(seconds(*range(5, 13), to=13)), 2.0, False),
        (recovery(seconds(*range(5, 10), to=10)), 5.0, None),
        (recovery(seconds(*range(5, 20)), others=[slow("+8s", "12s")]), 3.0, None),
        (recovery(seconds(*range(5, 20)), others=[slow("+8s")]), 3.0, None),
        (recovery(seconds(*range(5, 10)), others=[slow("+8s")]), 3.0, True),
        (recovery(seconds(*range(5, 20)), others=[slow("+2s", "1s")]), 3.0, False),
        (recovery(seconds(14, 15), others=[slow("+14.5s", "1s")]), 3.0, True),
        (recovery(one_step(range(5, 10))), 20.0, None),
        (recovery(one_step(range(5, 10))), 150.0, True),
        (recovery(one_step(range(5, 400))), 20.0, False),
    ],
    ids=[
        "in time",
        "too late",
        "never",
        "the event ends before the limit",
        "the event ends after the limit",
        "nobody acts after the incident",
        "another incident ends later",
        "another incident lasts to the end",
        "recovered during another incident",
        "another incident is over",
        "the next incident begins within a second",
        "the step is longer than the limit",
        "the step is shorter than the limit",
        "bad steps after that of the incident",
    ],
)
def test_a_recovery_that_was_not_seen_neither_passes_nor_fails(
    found: Recovery, limit: float, *, holds: bool | None
) -> None:
    assert found.holds(limit) is holds


def test_viewers_who_stop_show_no_recovery() -> None:
    judge = seconds(*range(5, 12), to=12)
    judge.exchange(exchange(1, 40.0))
    found = recovery(judge)
    assert (found.after, found.holds(1.0), found.holds(5.0)) == (None, False, None)


def test_an_incident_beyond_the_end_of_the_event_is_not_measured() -> None:
    of = msgspec.structs.replace(
        event(), incidents=(Incident(at=Moment("+50s"), lasts=parse_duration("30s"), preset="mvpd-down"),)
    )
    found = report(Slo(limits=Limits(recovery=parse_duration("5s"))), seconds(to=60), of)
    assert (objective(found).measured, objective(found).holds, found.exit_code) == (None, None, 3)
    assert not found.incidents[0].recovery_measured


@pytest.mark.parametrize(("started", "holds"), [(0.9, None), (0.5, False)])
def test_a_limit_that_only_a_late_generator_exceeds_convicts_nobody(started: float, *, holds: bool | None) -> None:
    judge = run()
    judge.verb(asked("logout", intended=0.5, started=started, ended=1.0))
    found = report(Slo(verbs={"logout": VerbLimits(p99=parse_duration("300ms"))}), judge)
    assert (objective(found).measured, objective(found).holds) == (500.0, holds)
    assert ("delay of the load generator" in objective(found).note) is (holds is None)


def test_findings_per_million_counts_the_calls_before_the_event_too() -> None:
    judge = LiveJudge(select(["headers.device-identifier"]), Expectations(), seconds=60.0)
    judge.begin(100.0)
    for number in range(100):
        judge.exchange(exchange(number + 1, number + 50.0, "profiles"))
    conformance = compose_conformance(judge.conclude(frozenset()), run=Run())
    found = compose(event(), conformance, [], attendance=Attendance(), judge=judge, slo=None, seed=1)
    assert (found.adobe.findings, found.adobe.calls, found.adobe.judged) == (100, 50, 100)
    assert found.adobe.findings_per_million == 1_000_000


def test_a_long_event_has_wider_time_steps() -> None:
    day = Timeline(86_400.0)
    day.begin(0.0)
    for at in range(0, 86_400, 60):
        day.add_finding(float(at))
    assert day.width * MOST_STEPS >= 86_400
    assert len(list(day.steps())) <= MOST_STEPS
    assert sum(step.findings for step in day.steps()) == 1440


@pytest.mark.parametrize("table", [Limits, VerbLimits])
def test_every_key_is_documented(table: type[msgspec.Struct]) -> None:
    assert [key for key in table.__struct_fields__ if f"| `{key}` |" not in REFERENCE] == []


def test_the_documented_example_is_valid(tmp_path: Path) -> None:
    assert read(tmp_path, REFERENCE.partition("```toml\n")[2].partition("```")[0]).verbs
