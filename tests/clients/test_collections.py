"""The collections for Postman and Bruno: complete, up to date, and run with newman and bru against a mock."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.tooling.collections import COLLECTIONS, collections, operations
from clients.tooling.flow import FOLDERS, NOT_IN_COLLECTIONS
from pass_harness.mock_server.testing import running_mock
from tests.clients.toolchains import NODE, node_modules

STEPS = [step for folder in FOLDERS for step in folder.steps]
TOKEN = "s3cret-token"
RUN_TIMEOUT_S = 300
"""Timeout of a run in seconds; on an idle machine it takes less than half a minute."""


def test_every_operation_of_both_documents_is_called_or_excluded_with_a_reason() -> None:
    called = {step.operation for step in STEPS}
    assert called | set(NOT_IN_COLLECTIONS) == set(operations())
    assert not called & set(NOT_IN_COLLECTIONS)


def test_the_files_are_up_to_date() -> None:
    files = [file for file in COLLECTIONS.rglob("*") if file.is_file()]
    written = {file.relative_to(COLLECTIONS).as_posix(): file.read_text("utf-8") for file in files}
    assert written == collections(), "python -m clients.tooling.collections"


def test_every_request_has_an_assertion_of_its_status() -> None:
    postman = json.loads((COLLECTIONS / "postman.json").read_text("utf-8"))
    items = [item for folder in postman["item"] for item in folder["item"]]
    bruno = [file.read_text("utf-8") for file in COLLECTIONS.rglob("*.bru") if file.name[0].isdigit()]
    assert len(items) == len(bruno) == len(STEPS)
    for text in (*(json.dumps(item["event"]) for item in items), *bruno):
        assert "expect(status).to.be.oneOf([" in text


@pytest.fixture(scope="module")
def mock_url() -> Iterator[str]:
    with running_mock("--control-token", TOKEN) as url:
        yield url


@pytest.mark.slow
def test_newman_runs_the_postman_collection(mock_url: str, tmp_path: Path) -> None:
    newman = node_modules("newman@6.2.2") / ".bin" / "newman"
    report = tmp_path / "report.json"
    variables = [f"--env-var={name}={value}" for name, value in {"mock": mock_url, "controlToken": TOKEN}.items()]
    reporter = ["--reporters=cli,json", f"--reporter-json-export={report}"]
    done = subprocess.run(
        [NODE, newman, "run", COLLECTIONS / "postman.json", *variables, *reporter],
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    stats = json.loads(report.read_text("utf-8"))["run"]["stats"]
    assert (stats["requests"]["total"], stats["assertions"]["total"]) == (len(STEPS), len(STEPS))
    assert stats["assertions"]["failed"] == 0


@pytest.mark.slow
def test_bru_runs_the_bruno_collection(mock_url: str, tmp_path: Path) -> None:
    bru = node_modules("@usebruno/cli@4.1.0") / ".bin" / "bru"
    report = tmp_path / "report.json"
    variables = [f"--env-var={name}={value}" for name, value in {"mock": mock_url, "controlToken": TOKEN}.items()]
    done = subprocess.run(
        [NODE, bru, "run", "-r", "--env=local", *variables, f"--reporter-json={report}"],
        cwd=COLLECTIONS / "bruno",
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    [run] = json.loads(report.read_text("utf-8"))
    summary = run["summary"]
    assert (summary["passedRequests"], summary["passedTests"]) == (len(STEPS), len(STEPS))
    assert summary["failedTests"] == 0
