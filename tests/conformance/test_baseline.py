"""Baselines: new, persisting and fixed findings, and which of them count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from audit_command import Audited, audit, write
from breakers import BREAKERS
from conformance_traces import Trace

from tests.conformance.trace_viewers import OTHER

POLLS, TOKENS = "authentication.poll-interval", "registration.token-reused"

OLD_FINGERPRINTS = json.dumps(
    {
        "verdict": "violated",
        "exit_code": 1,
        "rules": [
            {"id": "a.b", "title": "T", "severity": "MUST", "verdict": "violated", "opportunities": 1,
             "findings": [], "broken": 1, "kinds": [{"fingerprint": "0123456789abcdef", "findings": 1}]}
        ],
    }
)  # fmt: skip
OLD_AND_CLEAN = json.dumps({"verdict": "passed", "exit_code": 0, "rules": []})


def polled(now: float = 100.0, every: float = 1.0, code: str = "AAAAAAA") -> Trace:
    trace = Trace(now=now).start()
    trace.profiles(OTHER)
    trace.session(code, OTHER)
    for _ in range(3):
        trace.wait(every)
        trace.poll(code)
    return trace


def report_of(trace: Trace, folder: Path, *options: str) -> Path:
    """Return the report.json on a trace."""
    folder.mkdir(exist_ok=True)
    audit(write(trace, folder / "trace.jsonl"), "--report", folder, *options)
    return folder / "report.json"


def against(baseline: Path, trace: Trace, folder: Path, *options: str, form: str = "json") -> Audited:
    return audit(write(trace, folder / "now.jsonl"), "--baseline", baseline, *options, form=form)


def test_the_same_fault_on_another_day_persists(tmp_path: Path) -> None:
    baseline = report_of(BREAKERS[POLLS](), tmp_path / "before")

    done = against(baseline, polled(now=7_000, every=1.7, code="BCDFGHJ"), tmp_path)

    assert {kind["state"] for kind in done.rule(POLLS)["kinds"]} == {"persisting"}
    assert {finding["state"] for finding in done.rule(POLLS)["findings"]} == {"persisting"}
    assert done.code == 1, "any finding counts, unless only new ones were asked for"
    assert against(baseline, polled(), tmp_path, "--fail-on", "new").code == 0


def test_a_new_fault_counts_whatever_else_persists(tmp_path: Path) -> None:
    baseline = report_of(BREAKERS[POLLS](), tmp_path / "before")
    trace = polled()
    trace.token("t2")

    done = against(baseline, trace, tmp_path, "--fail-on", "new")

    assert done.code == 1
    assert [kind["state"] for kind in done.rule(TOKENS)["kinds"]] == ["new"]
    assert done.report["baseline"]["new"] >= 1
    assert done.report["baseline"]["persisting"] >= 1


def test_a_missing_finding_is_fixed_only_if_its_rule_was_judged(tmp_path: Path) -> None:
    baseline = report_of(BREAKERS[POLLS](), tmp_path / "before")
    mended = polled(every=3.5)
    without_login = Trace().start()
    without_login.profiles()

    fixed = against(baseline, mended, tmp_path).report["baseline"]
    unjudged = against(baseline, without_login, tmp_path).report["baseline"]

    assert (POLLS, "polled-too-soon") in {(finding["rule"], finding["kind"]) for finding in fixed["fixed"]}
    assert "polled again after" in next(one["observed"] for one in fixed["fixed"] if one["rule"] == POLLS)
    assert POLLS in {finding["rule"] for finding in unjudged["unjudged"]}
    assert POLLS not in {finding["rule"] for finding in unjudged["fixed"]}


def test_every_format_shows_the_comparison(tmp_path: Path) -> None:
    before = polled()
    before.token("t2")
    baseline = report_of(before, tmp_path / "before")
    now = polled()
    now.log_in(code="CDFGHJK")

    for form in ("text", "html", "markdown", "junit", "sarif"):
        told = against(baseline, now, tmp_path, "--fail-on", "new", form=form).out
        assert "persisting" in told or '"unchanged"' in told, form
        if form != "junit":
            assert "fixed" in told.lower(), form
            assert TOKENS in told, form


def test_markdown_lists_new_findings_before_all_others(tmp_path: Path) -> None:
    baseline = report_of(BREAKERS[POLLS](), tmp_path / "before")
    trace = polled()
    trace.token("t2")

    told = against(baseline, trace, tmp_path, form="markdown").out

    new = told.partition("\nNew:\n")[2].partition("\n### ")[0]
    assert f"- `{TOKENS}`: " in new
    assert POLLS not in new


def test_github_shows_new_findings_first_and_fixed_ones_as_notices(tmp_path: Path) -> None:
    before = BREAKERS[POLLS]()
    baseline = report_of(before, tmp_path / "before")
    trace = polled()
    trace.token("t2")

    worse = against(baseline, trace, tmp_path, form="github").out.splitlines()
    mended = against(baseline, polled(every=3.5), tmp_path, "--fail-on", "new", form="github").out

    errors = [line for line in worse if line.startswith("::error ")]
    states = [line.partition("::new: ")[1] or line.partition("::persisting: ")[1] for line in errors]
    assert states == sorted(states)
    assert set(states) == {"::new: ", "::persisting: "}
    assert "::error " not in mended
    assert f"title={POLLS}::fixed since the baseline: code AAAAAAA was polled again" in mended


def test_sarif_marks_new_findings(tmp_path: Path) -> None:
    baseline = report_of(BREAKERS[POLLS](), tmp_path / "before")
    trace = polled()
    trace.token("t2")

    log = json.loads(against(baseline, trace, tmp_path, form="sarif").out)

    states = {result["ruleId"]: result["baselineState"] for result in log["runs"][0]["results"]}
    assert (states[POLLS], states[TOKENS]) == ("unchanged", "new")


def test_a_report_can_replace_its_own_baseline(tmp_path: Path) -> None:
    baseline = report_of(polled(), tmp_path / "report")

    done = against(baseline, polled(), tmp_path, "--fail-on", "new", "--report", str(baseline.parent))

    assert done.code == 0
    assert json.loads(baseline.read_text())["baseline"]["persisting"] >= 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read (No such file or directory); name the report.json of a run"),
        ("[]", "is not a report"),
        ("{", "is not a report"),
        (OLD_FINGERPRINTS, "its fingerprints have version 1, not 2"),
        (OLD_FINGERPRINTS, "create the baseline again with this version of Pass Harness (--report DIR)"),
    ],
)
def test_an_invalid_baseline_is_an_error(tmp_path: Path, content: str | None, told: str) -> None:
    file = tmp_path / "previous.json"
    if content is not None:
        file.write_text(content, "utf-8")

    done = against(file, polled(), tmp_path)

    assert (done.code, done.out) == (2, "")
    assert f"CONFIG: {file}: " in done.err
    assert told in done.err


def test_an_old_baseline_without_findings_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "previous.json"
    file.write_text(OLD_AND_CLEAN, "utf-8")

    done = against(file, polled(), tmp_path, "--fail-on", "new")

    assert done.code == 1
    assert {kind["state"] for kind in done.rule(POLLS)["kinds"]} == {"new"}


def test_fail_on_new_needs_a_baseline(tmp_path: Path) -> None:
    done = audit(write(polled(), tmp_path / "now.jsonl"), "--fail-on", "new")

    assert done.code == 2
    assert "--fail-on new needs --baseline" in done.err
