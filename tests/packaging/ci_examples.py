"""The CI examples of the docs, the action and the component: read as data, and run as their CI systems would.

Steps that use an action or a task are left out: they check out, install Python, cache and upload. The commands of all
other steps run unchanged, but for the ports, in the order and under the conditions of the file.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import yaml

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs" / "ci"
GITHUB, GITLAB, AZURE = (FOLDER / f"{name}.yml" for name in ("github-actions", "gitlab-ci", "azure-pipelines"))
JENKINS = FOLDER / "Jenkinsfile"
ACTION = ROOT / "action.yml"
COMPONENT = ROOT / "templates" / "adobe-pass-conformance.yml"
GITHUB_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
AZURE_BASH = ("bash", "--noprofile", "--norc", "-c")
JENKINS_SH = ("sh", "-xe", "-c")
ALWAYS, FAILED, PASSED = "always", "failed", "passed"
CONDITIONS = {
    "": PASSED,
    "always()": ALWAYS,
    "failure()": FAILED,
    "failed()": FAILED,
    "always() && hashFiles('report/report.md') != ''": ALWAYS,
}
"""Conditions of steps with commands. The file that hashFiles looks for exists in each run of the tests."""


@dataclass(frozen=True)
class Step:
    """Commands for one shell."""

    commands: str
    shell: Sequence[str]
    condition: str = PASSED
    environment: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True)
class Example:
    steps: Sequence[Step]
    variables: Mapping[str, str]

    def placed(self, mock: int, service: int, options: str, defect: str = "") -> Example:
        """Return the example with these ports, and with more options of the run and of the service."""
        edits = {
            ":9000": f":{service}",
            "pass-mock serve ": f"pass-mock serve --port {mock} ",
            "programmer_service --adobe-url": f"programmer_service --port {service} {defect} --adobe-url",
            "--service-toml >": f"--service-toml | sed s/:9000/:{service}/ >",
        }
        steps = []
        for step in self.steps:
            commands = step.commands
            for old, new in edits.items():
                commands = commands.replace(old, new)
            steps.append(replace(step, commands=commands))
        variables = {"ADOBE_PASS": f"http://127.0.0.1:{mock}", "OPTIONS": f"{self.variables['OPTIONS']} {options}"}
        return Example(steps, {**self.variables, **variables})

    @property
    def script(self) -> str:
        return "\n".join(step.commands for step in self.steps)


def example(file: Path) -> Example:
    """Return the example of a CI system without inputs."""
    readers = {GITHUB: _github, GITLAB: _gitlab, AZURE: _azure, JENKINS: _jenkins}
    return readers[file](file.read_text("utf-8"))


def action(inputs: Mapping[str, str]) -> Example:
    """Return the steps of the action with these inputs; expressions are replaced when a step runs."""
    content = yaml.safe_load(ACTION.read_text("utf-8"))
    assert set(inputs) <= set(content["inputs"])
    values = {name: given.get("default", "") for name, given in content["inputs"].items()} | dict(inputs)
    steps = []
    for step in content["runs"]["steps"]:
        if "run" in step:
            assert step["shell"] == "bash"
            steps.append(_step(step, GITHUB_BASH))
    return Example(steps, {f"inputs.{name}": value for name, value in values.items()})


def component(inputs: Mapping[str, object]) -> Example:
    """Return the job of the component with these inputs."""
    return _gitlab(component_text(inputs))


def component_text(inputs: Mapping[str, object]) -> str:
    """Return the job of the component as GitLab interpolates it."""
    head, body = COMPONENT.read_text("utf-8").split("\n---\n")
    declared = yaml.safe_load(head)["spec"]["inputs"]
    assert set(inputs) <= set(declared)
    values = {name: given["default"] for name, given in declared.items()} | dict(inputs)
    return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda found: str(values[found[1]]), body)


def _github(text: str) -> Example:
    content = yaml.safe_load(text)
    job = content["jobs"]["conformance"]
    assert job["defaults"]["run"]["shell"] == "bash"
    return Example([_step(step, GITHUB_BASH) for step in job["steps"] if "run" in step], content["env"])


def _gitlab(text: str) -> Example:
    job = yaml.safe_load(text)["adobe-pass-conformance"]
    shell = ("bash", "-eo", "pipefail", "-c")
    script, after = ("\n".join(job[name]) for name in ("script", "after_script"))
    return Example([Step(script, shell), Step(after, shell, ALWAYS)], job["variables"])


def _azure(text: str) -> Example:
    content = yaml.safe_load(text)
    (job,) = content["jobs"]
    steps = [_step(step | {"run": step["bash"]}, AZURE_BASH, "condition") for step in job["steps"] if "bash" in step]
    return Example(steps, content["variables"])


def _jenkins(text: str) -> Example:
    """Read the steps ``sh`` of a declarative pipeline and the texts of its environment."""
    variables = dict(re.findall(r"^ +([A-Z_]+) = '(.*)'$", text, re.MULTILINE))
    stages, _, post = text.partition("\n    post {")
    pattern = r"sh (?:'''(.*?)'''|'(.*?)')"
    steps = [Step(long or short, JENKINS_SH) for long, short in re.findall(pattern, stages, re.DOTALL)]
    (failure,) = re.findall(r"failure \{\s*sh '(.*?)'", post)
    return Example([*steps, Step(failure, JENKINS_SH, FAILED)], variables)


def _step(step: Mapping[str, Any], shell: Sequence[str], condition: str = "if") -> Step:
    environment = {name: str(value) for name, value in step.get("env", {}).items()}
    return Step(step["run"], shell, CONDITIONS[step.get(condition, "")], environment, step.get("id", ""))


@dataclass
class Ended:
    """A job that has ended: whether its steps passed, its log, its summary, and the outputs of its steps."""

    passed: bool
    log: str
    summary: str
    outputs: dict[str, str]


class Job:
    """The run of an example in a folder, with its own processes, which end with the context."""

    def __init__(self, example: Example, folder: Path, environment: Mapping[str, str]) -> None:
        self._example = example
        self._folder = folder
        self._environment = {**environment, "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
        self._started: list[subprocess.Popen[bytes]] = []
        self._values = {"runner.temp": str(folder / "temp"), "github.action_path": str(ROOT)}
        self._values |= {name: value for name, value in example.variables.items() if "." in name}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)

    def run(self, values: Mapping[str, str] | None = None) -> Ended:
        """Run all steps; ``values`` are those of expressions that steps without commands give."""
        self._values |= values or {}
        passed = True
        for step in self._example.steps:
            if step.condition == ALWAYS or (step.condition == PASSED) == passed:
                passed = self._step(step, passed) and passed
        log, summary = (self._folder / name for name in ("log.txt", "summary.md"))
        written = summary.read_text("utf-8") if summary.exists() else ""
        return Ended(passed, log.read_text("utf-8"), written, self._outputs())

    def _step(self, step: Step, passed: bool) -> bool:
        """Run a step in its own session, in which its background processes go on until the end of the job."""
        output = self._folder / f"output-{step.id}"
        variables = {name: value for name, value in self._example.variables.items() if "." not in name}
        environment = {**self._environment, **variables}
        environment["PIP_CACHE_DIR"] = str(self._folder.parent / "pip-cache")  # where the CI system restores it
        environment |= {name: self._replaced(value) for name, value in step.environment.items()}
        environment |= {"GITHUB_OUTPUT": str(output), "CI_JOB_STATUS": "success" if passed else "failed"}
        with (self._folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [*step.shell, step.commands],
                cwd=self._folder, env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._started.append(process)
        ended = process.wait(300) == 0
        if step.id and output.exists():
            for line in output.read_text("utf-8").splitlines():
                name, _, value = line.partition("=")
                self._values[f"steps.{step.id}.outputs.{name}"] = value
        return ended

    def _replaced(self, text: str) -> str:
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: self._values[found[1]], text)

    def _outputs(self) -> dict[str, str]:
        return {name: value for name, value in self._values.items() if name.startswith("steps.")}


def uses(file: Path) -> Iterator[str]:
    """Yield the actions that a file uses, with the comment behind them."""
    yield from re.findall(r"uses: (.*)$", file.read_text("utf-8"), re.MULTILINE)
