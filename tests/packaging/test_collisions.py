"""Every command and the pytest fixture work in a folder whose packages have the names of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BROKEN = 'raise ImportError("a module of the user\'s, imported in the place of ours")\n'
COLLISIONS = {
    "fixtures": "fixtures/__init__.py",
    "load": "load.py",
    "conformance": "conformance/__init__.py",
    "mock_server": "mock_server/__init__.py",
}
"""The user's own file for each name."""
EVENT = """[event]
audience = 2
duration = "2s"
[[stages]]
lasts = "1s"
share = 1
[[viewers]]
entrance = "temp-pass"
mvpd = "TempPass"
watches = "1s"
"""
SUITE = """
import {name}


def test_both_are_there(adobe_pass):
    assert {name}.MINE
    assert adobe_pass.control.health().status == "ok"
"""


@pytest.fixture(params=COLLISIONS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder in which importing the name fails, so that the command fails if it takes the user's for ours."""
    file = tmp_path / COLLISIONS[request.param]
    file.parent.mkdir(exist_ok=True)
    file.write_text(BROKEN, "utf-8")
    (tmp_path / "event.toml").write_text(EVENT, "utf-8")
    return tmp_path


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """The command as a user of that folder starts it, with the folder on PYTHONPATH too."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def script(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def test_the_mock_starts(folder: Path) -> None:
    for command in ([script("pass-mock")], [sys.executable, "-m", "pass_harness.mock_server"]):
        done = run(folder, *command, "software-statement")
        assert (done.returncode, done.stdout.count(".")) == (0, 2), done.stderr


@pytest.mark.parametrize("folder", ["fixtures", "load", "conformance"], indirect=True)
def test_the_mock_starts_as_the_module_mock_server(folder: Path) -> None:
    """In a folder with a module of that name Python runs the user's (docs/reference/installation.md)."""
    done = run(folder, sys.executable, "-m", "mock_server", "software-statement")
    assert (done.returncode, done.stdout.count(".")) == (0, 2), done.stderr


def test_the_demo_runs(folder: Path) -> None:
    done = run(folder, script("pass-conformance"), "demo", "--scenario", "play-mrss", "--format", "json")
    assert done.returncode in {0, 3}, done.stderr  # 3: a busy machine may leave a verdict open
    scenarios = json.loads(done.stdout)["scenarios"]
    assert [(played["id"], played["verdict"]) for played in scenarios] == [("play-mrss", "passed")]


def test_an_event_runs(folder: Path) -> None:
    done = run(folder, script("pass-load"), "run", "--event", "event.toml", "--format", "json")
    assert done.returncode in {0, 3}, done.stderr  # 3: a busy machine may make a run invalid
    assert json.loads(done.stdout)["viewers"]["arrived"] == 2


@pytest.mark.parametrize("name", COLLISIONS)
@pytest.mark.parametrize("command", [["pytest"], [sys.executable, "-m", "pytest"]], ids=["pytest", "python-m-pytest"])
def test_the_fixture_works_beside_a_package_of_that_name(name: str, command: list[str], tmp_path: Path) -> None:
    own = tmp_path / COLLISIONS[name]
    own.parent.mkdir(exist_ok=True)
    own.write_text("MINE = True\n", "utf-8")
    (tmp_path / "test_it.py").write_text(SUITE.format(name=name), "utf-8")
    done = run(tmp_path, *([script(command[0])] if len(command) == 1 else command), "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
