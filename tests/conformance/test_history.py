"""The history of runs: what stands, is new or flickers, and the folder that keeps it."""

from __future__ import annotations

import csv
import io
import json
import threading
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest
from audit_command import audit, broken, invoke
from history_records import BEGIN, POLLS, history, recorded, run, runs

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.evaluation.tally import OTHER_KINDS
from pass_harness.conformance.reports.history import folder as folders
from pass_harness.conformance.reports.history.model import SHOWN, RunRecord
from pass_harness.conformance.reports.history.recording import KEPT_KINDS, record_of
from pass_harness.conformance.reports.json import published_schema
from pass_harness.conformance.reports.model import KindReport, Report, RuleReport, update_verdict
from pass_harness.conformance.reports.run import Run


def finding(marks: str) -> tuple[str, str, bool, bool, bool]:
    """Return state, since, "or earlier", new and flickers of the finding."""
    (found,) = history(runs(marks)).findings
    return found.state, found.since, found.since_first, found.new, found.flickers


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ("ooxx", ("standing", recorded(2), False, False, False)),
        ("ooox", ("standing", recorded(3), False, True, False)),
        ("xxxx", ("standing", recorded(0), True, False, False)),
        (".xxx", ("standing", recorded(1), True, False, False)),
        ("ox.x", ("standing", recorded(1), False, False, False)),
        ("oxx.", ("not judged", recorded(1), False, False, False)),
        ("xxxo", ("gone", "", False, False, False)),
        ("xxo.", ("not judged", "", False, False, False)),
        ("oxox", ("standing", recorded(3), False, True, True)),
        ("xoxo", ("gone", "", False, False, True)),
        ("oxxo", ("gone", "", False, False, False)),
        ("x.o.x", ("standing", recorded(4), False, True, False)),
        ("x", ("standing", recorded(0), True, False, False)),
    ],
)
def test_a_finding_stands_since_a_run_is_new_or_flickers(
    marks: str, expected: tuple[str, str, bool, bool, bool]
) -> None:
    assert finding(marks) == expected


def test_a_finding_may_stand_for_longer_than_the_runs_that_are_shown() -> None:
    summed = history(runs("ox" + "x" * SHOWN))
    assert len(summed.runs) == SHOWN
    assert summed.kept == SHOWN + 2
    assert summed.findings[0].since == recorded(1)


def test_findings_that_stand_come_before_those_that_are_gone() -> None:
    records = runs("xo")
    standing = msgspec.structs.replace(records[0].findings[0], rule="registration.token-reused", fingerprint="f")
    records[1].findings.append(standing)
    assert [one.rule for one in history(records).findings] == ["registration.token-reused", POLLS]


def test_findings_of_another_version_of_fingerprints_are_not_compared() -> None:
    records = runs("xxx")
    records[0].fingerprints = 1
    (found,) = history(records).findings
    assert found.findings == [None, 2, 2]


def test_objectives_are_compared_run_by_run() -> None:
    records = [run(0, "o", p95=400), run(1, "o", p95=600), run(2, "o", p95=300)]
    records[2].objectives = []
    (objective,) = history(records).objectives
    assert (objective.measured, objective.holds) == ([400, 600, None], [True, False, None])
    assert objective.limits == [500, 500, None]


def write(folder: Path, records: list[RunRecord]) -> Path:
    folder.mkdir(exist_ok=True)
    for record in records:
        (folder / f"{record.id}.json").write_bytes(msgspec.json.encode(record))
    return folder


def test_each_run_adds_a_valid_record_and_the_report_has_the_history(tmp_path: Path) -> None:
    trace, folder = broken(POLLS, tmp_path), tmp_path / "history"
    for _ in range(2):
        done = audit(trace, "--history", folder, "--history-name", "checkout")

    assert done.code == 1
    assert [one["verdict"] for one in done.report["history"]["runs"]] == ["violated", "violated"]
    schema = json.loads(published_schema("history"))
    files = list(folder.iterdir())
    assert len(files) == 2
    for file in files:
        record = json.loads(file.read_bytes())
        jsonschema_rs.validate(schema, record)
        assert record["name"] == "checkout"
        assert {one["rule"] for one in record["findings"]} >= {POLLS}


def test_text_and_markdown_count_what_stands(tmp_path: Path) -> None:
    trace, folder = broken(POLLS, tmp_path), tmp_path / "history"
    audit(trace, "--history", folder)
    for form in ("text", "markdown"):
        counted = "2 findings standing, 0 of them new, 0 gone, 0 flickering"
        assert counted in audit(trace, "--history", folder, form=form).out
        assert counted not in audit(trace, form=form).out


def test_a_record_has_nothing_of_the_traffic(tmp_path: Path) -> None:
    trace, folder = broken(POLLS, tmp_path), tmp_path / "history"
    rule = audit(trace, "--history", folder).rule(POLLS)
    (text,) = [file.read_text("utf-8") for file in folder.iterdir()]
    shown = rule["findings"][0]
    assert shown["device"]
    for private in (shown["device"], shown["observed"], "198.18."):
        assert private not in text


def test_runs_of_other_services_and_commands_are_not_compared(tmp_path: Path) -> None:
    folder = write(tmp_path / "history", [*runs("ox"), run(5, "o", name="other"), run(6, "o", p95=1)])
    assert [len(some) for some in folders.read(folder).series().values()] == [1, 2, 1]
    assert folders.keep(folder, run(7, "x")).runs == [*runs("ox"), run(7, "x")]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("broken.json", b'{"format": "pass-harness-run/1", "id"', "is not the record of a run"),
        ("foreign.json", b'{"verdict": "passed"}', "is not the record of a run"),
        ("newer.json", msgspec.json.encode(run(1, "o")).replace(b"run/1", b"run/2"), "is not the record of a run"),
        ("renamed.json", msgspec.json.encode(run(1, "o")), "has the id 20260101-120100-0123abcd"),
        ("nested.json", b"[" * 100_000, "is not the record of a run"),
        ("large.json", b" " * (folders.LARGEST + 1), "larger than"),
        ("notes.txt", b"\xff", "is not the record of a run"),
    ],
)
def test_a_broken_or_foreign_file_is_named_and_stays(name: str, content: bytes, reason: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "history", runs("ox"))
    (folder / name).write_bytes(content)
    (folder / ".hidden").write_bytes(b"being written")

    done = invoke("history", folder)

    assert done.code == 0
    assert f"{folder / name} is skipped" in done.err
    assert reason in done.err
    assert ".hidden" not in done.err
    assert "2 runs" in done.out
    folders.keep(folder, run(3, "x"))
    assert (folder / name).read_bytes() == content


def test_runs_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    records = runs("xo" * 15)
    threads = [threading.Thread(target=folders.keep, args=(tmp_path, record)) for record in records]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert folders.read(tmp_path).runs == records
    assert folders.read(tmp_path).skipped == []


def test_only_the_oldest_runs_of_the_same_series_are_removed(tmp_path: Path) -> None:
    write(tmp_path, [*runs("oooo"), run(5, "o", name="other")])
    kept = folders.keep(tmp_path, run(9, "x"), kept=3)
    assert [record.recorded for record in kept.runs] == [recorded(2), recorded(3), recorded(9)]
    assert [one.name for one in folders.read(tmp_path).runs] == ["checkout", "checkout", "other", "checkout"]


def test_a_record_is_bounded_for_a_rule_with_many_kinds() -> None:
    kinds = [KindReport(fingerprint=f"{n:016x}", findings=2, waived=1, subject="s" * 9_000) for n in range(50)]
    rule = RuleReport(
        id=POLLS, title="T", severity="MUST", verdict="violated", opportunities=100, findings=[], broken=100,
        kinds=kinds,
    )  # fmt: skip
    report = Report(verdict="", exit_code=0, rules=[rule], run=Run(files=["service.toml"]))
    update_verdict(report)
    record = record_of(report, command="run", now=BEGIN)
    assert (record.name, record.verdict, record.exit_code) == ("service.toml", "violated", 1)
    assert len(record.findings) == KEPT_KINDS + 1
    assert (record.findings[-1].fingerprint, record.findings[-1].findings) == (OTHER_KINDS, 60)
    assert len(msgspec.json.encode(record)) < 20_000


def test_an_unusable_folder_is_an_error_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = audit(broken(POLLS, tmp_path), "--history", tmp_path / "file")
    assert (done.code, done.out) == (2, "")
    assert "the history cannot be written" in done.err


def test_a_history_that_fails_after_the_run_leaves_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, __: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "replace_file", full)
    done = audit(broken(POLLS, tmp_path), "--history", tmp_path / "history")
    assert done.code == 2
    assert "the history cannot be written (No space left on device)" in done.err
    assert done.report["verdict"] == "violated"


def test_the_command_prints_runs_and_findings(tmp_path: Path) -> None:
    folder = write(tmp_path / "history", [*runs("oxox"), run(5, "x", p95=600)])
    printed = invoke("history", folder).out
    assert "checkout, run: 4 runs, oldest first" in printed
    assert f"✓✕✓✕  {POLLS}: polled-too-soon; since 2026-01-01 12:03 UTC; flickers" in printed
    assert "✕  p95: 600 ms, limit 500 ms" in printed
    assert "1 violated, 1 passed, 1 objective exceeded (rules 2026.2, 1.0)" in printed

    last = invoke("history", folder, "--command", "run", "--last", "2").out
    assert "checkout, run: 4 runs, the latest 2 of them, oldest first" in last
    assert "load" not in last


def test_the_command_prints_json_and_csv(tmp_path: Path) -> None:
    folder = write(tmp_path / "history", [run(0, "x", p95=600), run(1, "o", p95=400)])
    (series,) = json.loads(invoke("history", folder, "--format", "json").out)["series"]
    assert [one["figures"] for one in series["runs"]] == [{"play.p95_ms": 600}, {"play.p95_ms": 400}]
    assert series["findings"][0]["state"] == "gone"

    rows = list(csv.DictReader(io.StringIO(invoke("history", folder, "--format", "csv").out)))
    assert [row["play.p95_ms"] for row in rows] == ["600.0", "400.0"]
    assert [row["p95 holds"] for row in rows] == ["false", "true"]
    assert [row["rules violated"] for row in rows] == ["1", "0"]
    printed = invoke("history", folder, "--format", "csv", "--table", "findings").out
    (row,) = csv.DictReader(io.StringIO(printed))
    assert (row["rule"], row["kind"], row["findings"], row["standing"]) == (POLLS, "polled-too-soon", "2", "violated")


def test_no_text_is_a_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    folder = write(tmp_path / "history", [run(0, "x", name='=HYPERLINK("http://example.com")')])
    (row,) = csv.DictReader(io.StringIO(invoke("history", folder, "--format", "csv").out))
    assert row["name"].startswith("'=HYPERLINK")


def test_results_for_allure_keep_their_identity_from_run_to_run(tmp_path: Path) -> None:
    folder, out = write(tmp_path / "history", runs("xo")), tmp_path / "allure"
    assert invoke("history", folder, "--allure", out).code == 0

    results = [json.loads(file.read_bytes()) for file in (out / "allure-results").glob("*-result.json")]
    by_name = {result["fullName"]: result for result in results}
    assert {result["uuid"] for result in results} == {
        file.name.removesuffix("-result.json") for file in (out / "allure-results").glob("*-result.json")
    }
    polls = by_name[POLLS]
    assert (polls["status"], polls["stop"] - polls["start"]) == ("passed", 2500)
    assert {"name": "severity", "value": "critical"} in polls["labels"]
    assert "Remedy" in polls["description"]
    (point,) = map(json.loads, (out / "history.jsonl").read_text("utf-8").splitlines())
    earlier = {one["fullName"]: one for one in point["testResults"].values()}
    assert (earlier[POLLS]["status"], earlier[POLLS]["message"]) == (
        "failed",
        "violated\npolled-too-soon: 2 findings",
    )

    again = tmp_path / "again"
    assert invoke("history", write(tmp_path / "other", runs("xox")), "--allure", again).code == 0
    later = [json.loads(file.read_bytes()) for file in (again / "allure-results").glob("*-result.json")]
    assert {one["historyId"] for one in later} == {one["historyId"] for one in results}
    assert not {one["uuid"] for one in later} & {one["uuid"] for one in results}


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("--name", "nobody"), "it has: checkout, run; other, run"),
        (("--allure", "ALLURE"), "choose one with --name and --command: checkout, run; other, run"),
        (("--last", "0"), "--last"),
    ],
)
def test_wrong_usage_names_the_remedy(arguments: tuple[str, ...], remedy: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "history", [*runs("x"), run(1, "o", name="other")])
    done = invoke("history", folder, *(str(tmp_path) if one == "ALLURE" else one for one in arguments))
    assert done.code == 2
    assert remedy in done.err


def test_results_for_allure_are_not_mixed_with_older_ones(tmp_path: Path) -> None:
    folder = write(tmp_path / "history", runs("x"))
    done = invoke("history", folder, "--allure", folder)
    assert done.code == 2
    assert "is not empty; name a new folder" in done.err


def test_an_empty_or_missing_folder_is_an_error(tmp_path: Path) -> None:
    assert "has no run; write one with --history" in invoke("history", tmp_path).err
    assert "cannot be read" in invoke("history", tmp_path / "nowhere").err
    with pytest.raises(ConfigError, match="cannot be read"):
        folders.read(tmp_path / "nowhere")
