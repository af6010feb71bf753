"""Waivers: what they excuse, when they fail a run, and the errors of invalid files."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from audit_command import Audited, audit, broken, write
from conformance_traces import Trace
from trace_verdicts import judge

from pass_harness.conformance.evaluation.waivers import Waiver, Waivers
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.model import ScenarioReport
from pass_harness.conformance.reports.run import Run
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer

RULE = "authentication.poll-interval"
TODAY = datetime.now(UTC).date()


def waiver(rule: str = RULE, *, expires: str = "2999-12-31", match: str = "", reason: str = "mended in May") -> str:
    return (
        f'[[waivers]]\nrule = "{rule}"\nowner = "Video platform"\nreason = "{reason}"\nexpires = {expires}\n'
        + (f"match = {{ {match} }}\n" if match else "")
    )  # fmt: skip


def polled(folder: Path, *viewers: Viewer) -> Path:
    """Return a trace in which each viewer's code is polled too often."""
    trace = Trace().start()
    for number, viewer in enumerate(viewers):
        code = f"AAAAAA{number}"
        trace.profiles(viewer)
        trace.session(code, viewer)
        for _ in range(3):
            trace.wait(1)
            trace.poll(code)
    return write(trace, folder / "trace.jsonl")


def judged(folder: Path, trace: Path, *waivers: str, form: str = "json") -> Audited:
    file = folder / "waivers.toml"
    file.write_text("\n".join(waivers), "utf-8")
    return audit(trace, "--select", RULE, "--waivers", file, form=form)


def test_a_waiver_excuses_the_findings_of_its_rule(tmp_path: Path) -> None:
    trace = polled(tmp_path, VIEWER)
    assert audit(trace, "--select", RULE).code == 1

    done = judged(tmp_path, trace, waiver())

    assert (done.code, done.report["verdict"]) == (0, "passed")
    assert done.rule(RULE)["verdict"] == "violated", "that it is waived does not make it good"
    assert all(finding["waived"] for finding in done.rule(RULE)["findings"])
    (waived,) = done.report["waived"]
    assert (waived["excused"], waived["owner"], waived["until"]) == (1, "Video platform", "2999-12-31")


@pytest.mark.parametrize(
    ("match", "excused"),
    [
        ('kind = "polled-too-soon"', 2),
        ('kind = "polled-*", device = "device-2"', 1),
        ('kind = "polled-too-late"', 0),
        (f'device = "{VIEWER.device}"', 1),
        ('device = "*"', 2),
        ('endpoint = "profiles.*"', 2),
        ('endpoint = "sessions.*"', 0),
        ('observed = "*polled again after 1 s*"', 2),
        (f'device = "{VIEWER.device}", observed = "*something else*"', 0),
    ],
)
def test_a_match_narrows_a_waiver(tmp_path: Path, match: str, excused: int) -> None:
    done = judged(tmp_path, polled(tmp_path, VIEWER, OTHER), waiver(match=match))

    assert done.report["waived"][0]["excused"] == excused
    assert done.code == (0 if excused == 2 else 1)


def test_several_waivers_can_cover_one_rule(tmp_path: Path) -> None:
    shares = [waiver(match=f'device = "{viewer.device}"') for viewer in (VIEWER, OTHER)]

    done = judged(tmp_path, polled(tmp_path, VIEWER, OTHER), *shares)

    assert done.code == 0
    assert [waived["excused"] for waived in done.report["waived"]] == [1, 1]


def test_a_waiver_without_anything_to_excuse_is_stale_and_fails(tmp_path: Path) -> None:
    trace = Trace().start()
    trace.log_in()

    done = judged(tmp_path, write(trace, tmp_path / "trace.jsonl"), waiver())

    assert (done.code, done.report["verdict"]) == (1, "violated")
    assert done.report["waived"][0]["stale"]
    told = judged(tmp_path, tmp_path / "trace.jsonl", waiver(), form="text").out
    assert "stale: no finding matches it; remove it" in told


def test_a_waiver_of_a_rule_that_was_not_judged_is_not_stale(tmp_path: Path) -> None:
    trace = Trace().start()
    trace.log_in()

    done = judged(tmp_path, write(trace, tmp_path / "trace.jsonl"), waiver("logout.on-request"))

    assert (done.code, done.report["waived"][0]["stale"]) == (0, False)


@pytest.mark.parametrize(("lag_ms", "stale"), [(2_500.0, False), (0.0, True)])
def test_a_waiver_is_not_stale_if_a_lag_may_have_hidden_its_finding(
    tmp_path: Path, lag_ms: float, *, stale: bool
) -> None:
    trace = Trace().start()
    for code, viewer, pause in (("AAAAAAA", VIEWER, 1), ("BBBBBBB", OTHER, 1 if lag_ms else 4)):
        trace.profiles(viewer)
        trace.session(code, viewer)
        trace.lag_ms = lag_ms if viewer is OTHER else 0.0
        for _ in range(3):
            trace.wait(pause)
            trace.poll(code)

    done = judged(tmp_path, write(trace, tmp_path / "trace.jsonl"), waiver(match=f'device = "{OTHER.device}"'))

    assert (done.rule(RULE)["broken"], done.rule(RULE)["unclear"] > 0) == (1, not stale)
    assert done.report["waived"][0]["stale"] is stale


@pytest.mark.parametrize(
    ("left_out", "verdict", "stale"),
    [("late-login", "passed", False), ("logout", "passed", True), ("", "failed", False), ("", "skipped", True)],
)
def test_a_waiver_is_not_stale_if_a_scenario_of_its_rule_was_not_played(
    left_out: str, verdict: str, *, stale: bool
) -> None:
    trace = Trace().start()
    trace.log_in()
    entry = Waiver(rule=RULE, owner="Video platform", reason="mended in May", expires=date.max)
    report = compose(
        judge(trace.observations).values(),
        run=Run(scenarios_left_out=[left_out] if left_out else []),
        scenarios=[ScenarioReport(id="late-login", verdict=verdict, seconds=1.0)] if not left_out else [],
        waivers=Waivers([entry], today=TODAY),
        exercised_by={RULE: ["late-login"]},
    )

    assert report.waived[0].stale is stale


@pytest.mark.parametrize(("days", "code"), [(-1, 1), (0, 0)])
def test_a_waiver_is_valid_through_its_last_day(tmp_path: Path, days: int, code: int) -> None:
    day = (TODAY + timedelta(days=days)).isoformat()

    done = judged(tmp_path, polled(tmp_path, VIEWER), waiver(expires=day))

    assert done.code == code
    assert done.report["waived"][0]["expired"] is bool(code)
    if code:
        assert not any(finding["waived"] for finding in done.rule(RULE)["findings"])
        assert "expired" in judged(tmp_path, tmp_path / "trace.jsonl", waiver(expires=day), form="text").out


@pytest.mark.parametrize(
    ("content", "place", "remedy"),
    [
        ('[[waivers]]\nrule = "', ":2:9", "is not valid TOML: Unterminated string"),
        ("[[waivers]]\nrule = yes\n", ":2:8", "is not valid TOML: Invalid value"),
        ('[[waiver]]\nrule = "x"\n', ":1:1", 'did you mean "waivers"?'),
        ("waivers = 3\n", ":1:1", "begin each with [[waivers]]"),
        (waiver("authentication.poll-intervall"), ":2:1", f'did you mean "{RULE}"?'),
        (waiver() + 'until = "May"\n', ":6:1", 'has no key "until"'),
        (waiver(match='devise = "x"'), ":6:11", 'did you mean "device"?'),
        (waiver(reason=" "), ":4:1", "reason is empty; state why it is excused"),
        (waiver(expires='"soon"'), ":5:1", "expires"),
        ('[[waivers]]\nrule = "x"\n', ":1:1", 'lacks "owner"'),
    ],
)
def test_an_invalid_file_is_an_error_with_its_position(tmp_path: Path, content: str, place: str, remedy: str) -> None:
    done = judged(tmp_path, broken(RULE, tmp_path), content)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"CONFIG: {tmp_path / 'waivers.toml'}{place}: ")
    assert remedy in done.err


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    done = audit(broken(RULE, tmp_path), "--waivers", tmp_path / "none.toml")

    assert done.code == 2
    assert "none.toml: cannot be read (No such file or directory)" in done.err


def test_every_format_shows_waivers(tmp_path: Path) -> None:
    trace = polled(tmp_path, VIEWER)
    for form in ("text", "html", "markdown", "junit", "sarif"):
        told = judged(tmp_path, trace, waiver(), form=form).out
        assert "mended in May" in told, form
        assert "2999-12-31" in told, form
