"""The control token of a mock: from an option or the environment, and in no report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pass_harness.mock_server.testing import running_mock

pytestmark = pytest.mark.slow

COMMAND = str(Path(sys.executable).with_name("pass-conformance"))
TOKEN = "s3cret"
GIVEN = [("--control-token", TOKEN), (f"--control-token={TOKEN}",), ()]
"""By option, by another form of it, and by the environment only."""
TOML = '[service]\nbase_url = "http://127.0.0.1:9"\n[verbs.start]\nrequest = "POST /start"\n'


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    with running_mock("--control-token", TOKEN) as url:
        yield url


@pytest.fixture
def service(tmp_path: Path) -> str:
    path = tmp_path / "service.toml"
    path.write_text(TOML, "utf-8")
    return str(path)


def run(*arguments: str, by_environment: bool = False) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"PASS_MOCK_CONTROL_TOKEN": TOKEN} if by_environment else {})}
    return subprocess.run(
        [COMMAND, *arguments], text=True, capture_output=True, env=environment, timeout=60, check=False
    )


@pytest.mark.parametrize("command", ["doctor", "run"])
def test_without_the_token_the_error_names_the_remedy(mock: str, service: str, command: str) -> None:
    ended = run(command, "--service", service, "--mock", mock)
    assert ended.returncode == 3
    said = " ".join((ended.stdout + ended.stderr).split())
    assert f"the mock at {mock} requires its control token" in said
    assert "Set --control-token" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("given", GIVEN)
def test_with_the_token_the_doctor_checks_the_service(mock: str, service: str, given: tuple[str, ...]) -> None:
    ended = run("doctor", "--service", service, "--mock", mock, *given, by_environment=not given)
    assert ended.returncode == 3
    assert "no service answers at http://127.0.0.1:9" in ended.stderr


@pytest.mark.parametrize("given", GIVEN)
def test_a_watched_mock_takes_the_token_and_the_report_omits_it(mock: str, given: tuple[str, ...]) -> None:
    watch = ("run", "--observe", "--mock", mock, "--for", "500ms", "--format", "json", *given)
    ended = run(*watch, by_environment=not given)
    report = json.loads(ended.stdout)
    assert [(scenario["id"], scenario["verdict"]) for scenario in report["scenarios"]] == [("watch", "passed")]
    assert report["run"]["command"] == f"pass-conformance run --observe --mock {mock} --for 500ms --format json"
    assert TOKEN not in ended.stdout + ended.stderr
