"""The folder of a report: every format, each file complete or absent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from audit_command import audit, broken, invoke

from pass_harness.conformance.cli import options as command
from pass_harness.conformance.reports.formats import FORMS, Form

RULE = "authentication.poll-interval"
FILES = {"report.txt", *(form.file for form in FORMS.values())}


def test_every_format_is_written_and_stdout_has_the_requested_one(tmp_path: Path) -> None:
    for form in ("text", *FORMS):
        folder = tmp_path / form
        done = audit(broken(RULE, tmp_path), "--report", folder, form=form)

        assert done.code == 1
        assert {file.name for file in folder.iterdir()} == FILES
        name = "report.txt" if form == "text" else FORMS[form].file
        if form == "text":
            assert (folder / name).read_text("utf-8").splitlines()[0] == done.out.splitlines()[0]
        else:
            assert (folder / name).read_text("utf-8") == done.out
        assert str(folder / "report.html") in done.err


def test_the_page_shows_the_command_that_repeats_the_run(tmp_path: Path) -> None:
    report = audit(broken(RULE, tmp_path)).report
    assert report["run"]["files"] == [str(tmp_path / f"{RULE}.jsonl")]
    assert report["run"]["command"]


def test_an_incomplete_report_leaves_the_old_one(tmp_path: Path) -> None:
    trace, folder = broken(RULE, tmp_path), tmp_path / "report"
    audit(trace, "--report", folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}

    def fails(_: object) -> bytes:
        raise RuntimeError("no page today")

    with pytest.raises(RuntimeError, match="no page"):
        command.publish(
            None, {"json": Form("report.json", lambda _: b"{}"), "html": Form("report.html", fails)},
            lambda *_: None, folder=folder, form="text", exit_code=0,
        )  # fmt: skip

    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_failed_move_leaves_no_temporary_file(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    (folder / "report.html").mkdir(parents=True)

    done = audit(broken(RULE, tmp_path), "--report", folder)

    assert done.code == 2
    assert f"CONFIG: {folder}: the report cannot be written" in done.err
    assert not [file.name for file in folder.iterdir() if file.name.startswith(".")]


def test_an_unusable_folder_is_an_error_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    done = audit(broken(RULE, tmp_path), "--report", tmp_path / "file")

    assert (done.code, done.out) == (2, "")
    assert "name another DIR" in done.err


def test_the_schema_is_printed() -> None:
    assert "$defs" in json.loads(invoke("schema").out)
