"""The CI examples are valid by the schemas of GitHub and GitLab, and use existing commands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ci_examples import FOLDER, GITHUB, GITLAB, INSTALL, script, variables


@pytest.mark.slow
@pytest.mark.parametrize(("file", "schema"), [(GITHUB, "github-workflows"), (GITLAB, "gitlab-ci")])
def test_the_examples_are_valid(file: Path, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_example_is_tested() -> None:
    assert set(FOLDER.glob("*.yml")) == {GITHUB, GITLAB}


@pytest.mark.slow
@pytest.mark.parametrize("file", [GITHUB, GITLAB])
def test_commands_and_options_of_the_examples_exist(file: Path) -> None:
    commands = [line for line in script(file).splitlines() if line.startswith(("pass-", "python -m"))]
    assert [line.split()[1] for line in commands if line.startswith("pass-")] == [
        "serve",
        "software-statement",
        "doctor",
        "run",
    ]
    for line in commands:
        words = shlex.split(line.partition(">")[0])
        start = words[:3] if words[0] == "python" else words[:2]
        program = [sys.executable] if words[0] == "python" else [str(Path(sys.executable).with_name(words[0]))]
        told = subprocess.run([*program, *start[1:], "--help"], capture_output=True, text=True, check=True).stdout
        for option in re.findall(r"--[a-z-]+", line):
            assert re.search(rf"{option}\b", told), line


def test_both_examples_do_the_same() -> None:
    github, gitlab = (
        [line for line in script(file).splitlines() if line and not line.startswith("test ! -f")]
        for file in (GITHUB, GITLAB)
    )
    assert github == gitlab
    assert variables(GITHUB) == variables(GITLAB)
    assert github[0] == INSTALL
