"""The CI examples, the action and the component: valid by schema, alike, pinned, with existing commands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ci_examples import (
    ACTION,
    AZURE,
    COMPONENT,
    FOLDER,
    GITHUB,
    GITLAB,
    JENKINS,
    ROOT,
    Example,
    action,
    component,
    component_text,
    example,
    uses,
)

DOCS = ROOT / "docs" / "reference"
RELEASE = ROOT / ".github" / "workflows" / "release.yml"
EXAMPLES = {file.name: example(file) for file in (GITHUB, GITLAB, AZURE, JENKINS)}
ALL = {**EXAMPLES, "action.yml": action({}), "component": component({})}
SCHEMAS = {
    GITHUB: ["vendor.github-workflows"],
    RELEASE: ["vendor.github-workflows"],
    ACTION: ["vendor.github-actions"],
    GITLAB: ["vendor.gitlab-ci"],
    # As the hook of check-jsonschema for Azure Pipelines, whose schema has patterns of another dialect.
    AZURE: ["vendor.azure-pipelines", "--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"],
}


def check(file: Path, schema: list[str]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.name)
def test_the_files_are_valid(file: Path) -> None:
    check(file, SCHEMAS[file])


@pytest.mark.slow
def test_the_component_is_valid_before_and_after_its_inputs(tmp_path: Path) -> None:
    head, job = tmp_path / "head.yml", tmp_path / "job.yml"
    head.write_text(COMPONENT.read_text("utf-8").partition("\n---\n")[0], "utf-8")
    job.write_text(component_text({"port": 8301, "start": "serve --adobe $ADOBE_PASS"}), "utf-8")

    check(head, ["vendor.gitlab-ci"])
    check(job, ["vendor.gitlab-ci"])
    assert "$[[" not in job.read_text("utf-8")


def test_every_example_is_tested() -> None:
    assert {file.name for file in FOLDER.iterdir()} == set(EXAMPLES)
    assert set(COMPONENT.parent.iterdir()) == {COMPONENT}


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_commands_and_options_exist(name: str) -> None:
    script = ALL[name].script.replace('"$COMMANDS/pass-mock"', "pass-mock")
    script = script.replace('"$COMMANDS/pass-conformance"', "pass-conformance")
    lines = [line.strip() for line in script.splitlines()]
    commands = [line for line in lines if re.match(r"pass-|(test .*)?python -m pass", line)]
    used = [line.split()[1] for line in commands if line.startswith("pass-")]
    assert used == ["serve", "health", "software-statement", "keys", "doctor", "run"]
    for line in commands:
        words = shlex.split(line.partition(">")[0].rpartition("|| ")[2])
        start = words[:3] if words[0] == "python" else words[: 3 if words[1] == "keys" else 2]
        program = sys.executable if words[0] == "python" else str(Path(sys.executable).with_name(words[0]))
        told = subprocess.run([program, *start[1:], "--help"], capture_output=True, text=True, check=True).stdout
        for option in re.findall(r"--[a-z-]+", shlex.join(words)):
            assert re.search(rf"{option}\b", told), line


def important(example: Example) -> list[str]:
    """Return the commands that all examples share, in order."""
    lines = [line.strip() for line in example.script.splitlines()]
    return [line for line in lines if line.startswith(("pass-", "test -f service.toml", "python -m pass", "curl"))]


def test_all_examples_do_the_same() -> None:
    first = EXAMPLES[GITHUB.name]
    for name, other in EXAMPLES.items():
        assert important(other) == important(first), name
        for variable in ("PASS_HARNESS", "OPTIONS", "ADOBE_PASS"):
            assert other.variables[variable] == first.variables[variable], name
    assert len(important(first)) == 9


def test_examples_name_the_version_and_the_newest_rule_set() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    newest = max(file.stem for file in (ROOT / "conformance" / "rule_sets").glob("*.toml"))
    for file in (GITHUB, GITLAB, AZURE, JENKINS, COMPONENT):
        text = file.read_text("utf-8")
        assert set(re.findall(r"pass-harness\[conformance\]==(\S+?)'?$", text, re.MULTILINE)) == {version}, file.name
    for file in (GITHUB, GITLAB, AZURE, JENKINS, DOCS / "installation.md", DOCS / "ci.md"):
        assert set(re.findall(r"pass_harness-([\d.]+)-py3", file.read_text("utf-8"))) == {version}, file.name
    for file in (GITHUB, GITLAB, AZURE, JENKINS, COMPONENT, ACTION):
        assert set(re.findall(r"--rules ([\d.]+)", file.read_text("utf-8"))) == {newest}, file.name


@pytest.mark.parametrize("file", [GITHUB, ACTION, RELEASE], ids=lambda file: file.name)
def test_actions_are_pinned_to_commits_and_named_by_version(file: Path) -> None:
    found = list(uses(file))
    assert found
    for line in found:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_an_action_has_one_version_in_all_files() -> None:
    pins = {line for file in (GITHUB, ACTION, RELEASE) for line in uses(file)}
    assert len(pins) == len({line.partition("@")[0] for line in pins})
