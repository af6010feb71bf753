"""The CI examples, the action and the component run as they stand, in folders that are no clone of the repository.

Each runs twice in its folder, like two builds: first with the compliant example service, then with a defect, and
with the report of the first build as the baseline.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from ci_examples import AZURE, GITHUB, GITLAB, JENKINS, ROOT, Ended, Example, Job, action, component, example
from installing import pip

from pass_harness.conformance.running.child_processes import free_port

pytestmark = pytest.mark.slow

SCENARIO = "--scenario play-denied"
BASELINE = f"{SCENARIO} --baseline adobe-pass-baseline.json --fail-on new"
DEFECT = "--defect denial-retried"
RULE = "authorization.denial-final"
SERVICE = (
    "python -m pass_harness.fixtures.programmer_service --port {port} {defect} --adobe-url $ADOBE_PASS "
    "--software-statement {statement} --media-token-key {key}"
)
FILES = {
    "report.azure.txt",
    "report.github.txt",
    "report.gitlab.json",
    "report.html",
    "report.json",
    "report.junit.xml",
    "report.md",
    "report.sarif",
    "report.txt",
}


class Builds(NamedTuple):
    """The two builds: green without a defect, red with one."""

    green: Ended
    red: Ended


@pytest.fixture(scope="module")
def prepared(wheel: Path, constraints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of Python packages: pip, and what Pass Harness needs, but not Pass Harness itself."""
    environment = tmp_path_factory.mktemp("prepared")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    pip(python, "install", "--constraint", str(constraints), f"{wheel}[conformance]")
    pip(python, "uninstall", "--yes", "pass-harness")
    (packages,) = environment.glob("lib/python*/site-packages")
    return packages


@pytest.fixture(scope="module")
def index(wheel: Path, constraints: Path) -> Mapping[str, str]:
    """Settings of pip with which the wheel is as good as published."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "HOME"}
    return {**kept, "PIP_FIND_LINKS": str(wheel.parent), "PIP_CONSTRAINT": str(constraints)}


def runner(folder: Path, prepared: Path, index: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a new machine: a Python that has pip, and nothing of this repository."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "python"], check=True)
    (packages,) = (folder / "python").glob("lib/python*/site-packages")
    (packages / "prepared.pth").write_text(f"{prepared}\n", "utf-8")
    return {**index, "PATH": f"{folder / 'python' / 'bin'}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


def built(of: Callable[[str, str, int, int], Example], folder: Path, environment: Mapping[str, str]) -> Builds:
    """Run both builds of an example: ``of`` takes options of the run, a defect and two ports."""
    work = folder / "work"
    work.mkdir()
    ended = []
    for options, defect in ((SCENARIO, ""), (BASELINE, DEFECT)):
        (work / "log.txt").unlink(missing_ok=True)
        (work / "summary.md").unlink(missing_ok=True)
        with Job(of(options, defect, free_port(), free_port()), work, environment) as job:
            python = folder / "python" / "bin" / "python"
            ended.append(job.run({"steps.python.outputs.python-path": str(python)}))
        if len(ended) == 1:
            assert ended[0].passed, ended[0].log
            shutil.copy(work / "report" / "report.json", work / "adobe-pass-baseline.json")
            shutil.copytree(work / "report", folder / "green")
    return Builds(*ended)


def started_by_input(work: Path, port: int) -> None:
    """Write the service.toml of the example service on a port, as a user has one."""
    text = (ROOT / "fixtures" / "programmer_service" / "service.toml").read_text("utf-8")
    (work / "service.toml").write_text(text.replace(":9000", f":{port}"), "utf-8")


@pytest.mark.parametrize("name", ["github", "github-wheel", "gitlab", "azure", "jenkins", "action", "component"])
def test_builds_pass_and_fail_with_the_service(
    name: str, tmp_path: Path, wheel: Path, prepared: Path, index: Mapping[str, str]
) -> None:
    def of(options: str, defect: str, mock: int, service: int) -> Example:
        work = tmp_path / "work"
        if name == "action":
            started_by_input(work, service)
            command = SERVICE.format(
                port=service, defect=defect, statement="$SOFTWARE_STATEMENT", key="$MEDIA_TOKEN_KEY"
            )
            command = command.replace("python", str(work / "temp" / "pass-harness" / "venv" / "bin" / "python"), 1)
            ready = f"http://127.0.0.1:{service}/health"
            given = {"start": command, "ready": ready, "port": str(mock), "options": f"--rules 2026.2 {options}"}
            return action(given)
        if name == "component":
            started_by_input(work, service)
            command = SERVICE.format(port=service, defect=defect, statement="statement.jwt", key="media-token.pem")
            ready = f"http://127.0.0.1:{service}/health"
            given = {"start": command, "ready": ready, "port": str(mock), "options": f"--rules 2026.2 {options}"}
            return component(given)
        (work / "service.toml").unlink(missing_ok=True)
        files = {"github": GITHUB, "github-wheel": GITHUB, "gitlab": GITLAB, "azure": AZURE, "jenkins": JENKINS}
        found = example(files[name]).placed(mock, service, options, defect)
        if name == "github-wheel":
            (work / "dist").mkdir(exist_ok=True)
            shutil.copy(wheel, work / "dist")
            requirement = {"PASS_HARNESS": f"dist/{wheel.name}[conformance]"}
            return replace(found, variables={**found.variables, **requirement})
        return found

    environment = runner(tmp_path, prepared, index)
    if name == "github-wheel":
        environment = {key: value for key, value in environment.items() if key != "PIP_FIND_LINKS"}

    green, red = built(of, tmp_path, environment)

    logs = {"mock.log", "service.log"} if name == "action" else set()
    assert {file.name for file in (tmp_path / "green").iterdir()} == FILES | logs
    assert not red.passed, red.log
    report = json.loads((tmp_path / "work" / "report" / "report.json").read_text("utf-8"))
    assert (report["verdict"], report["baseline"]["new"] > 0) == ("violated", True)
    assert "mock.log <==" in red.log  # the step that shows the logs
    assert "mock.log <==" not in green.log
    assert "::error" not in green.log
    if name.startswith(("github", "action")):
        assert f"::error file=service.toml,line=1,title={RULE}::new: " in red.log
        assert green.summary.startswith("## ✅ Adobe Pass conformance: passed")
        assert red.summary.startswith("## ❌ Adobe Pass conformance: violated")
        assert f"\nNew:\n\n- `{RULE}`" in red.summary
    if name == "action":
        assert green.outputs["steps.show.outputs.verdict"] == "passed"
        assert red.outputs["steps.show.outputs.verdict"] == "violated"
    if name == "azure":
        assert f"code={RULE}]new: " in red.log
        assert f"##vso[task.uploadsummary]{tmp_path / 'work'}/report/report.md" in red.log
    if name in {"gitlab", "component"}:
        issues = json.loads((tmp_path / "work" / "report" / "report.gitlab.json").read_text("utf-8"))
        assert RULE in {issue["check_name"] for issue in issues}
        assert json.loads((tmp_path / "green" / "report.gitlab.json").read_text("utf-8")) == []


def test_an_example_plays_every_scenario_as_it_stands(
    tmp_path: Path, prepared: Path, index: Mapping[str, str]
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    unchanged = example(GITHUB).placed(free_port(), free_port(), "")

    with Job(unchanged, work, runner(tmp_path, prepared, index)) as job:
        ended = job.run()

    assert ended.passed, ended.log
    report = json.loads((work / "report" / "report.json").read_text("utf-8"))
    assert report["run"]["scenarios_left_out"] == []
    # A restart command is missing, and so is a second data centre; nothing else is.
    assert not [rule for rule in report["untestable"] if "media" in rule["needs"]]
