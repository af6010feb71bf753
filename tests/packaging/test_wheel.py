"""The installed package: a wheel in its own environment, away from the repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
from ci_examples import GITHUB, INSTALL, script, variables

from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.running.child_processes import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
LOCK = ROOT / "requirements" / "dev.txt"
PACKAGES = ("fixtures", "mock_server", "conformance", "load")


NEED_EXTRAS = {
    "pass-conformance demo": "conformance",
    "pass-load run --event kickoff": "load",
    "pass-mock proxy --upstream https://sp.auth.adobe.com": "proxy",
    "pass-mock serve --store redis://127.0.0.1:1/0": "redis",
    "pass-mock openapi --diff adobe.yaml": "conformance",
}
"""Commands that need an extra, with its name."""
EVENT = """[event]
audience = 3
duration = "6s"
[[stages]]
lasts = "1s"
share = 1
[[viewers]]
entrance = "temp-pass"
mvpd = "TempPass"
watches = "1s"
"""
CONSUMER = """
from pass_harness.conformance.service_toml.service_config import load
from pass_harness.fixtures.devices import Device
from pass_harness.load.event import Event
from pass_harness.mock_server.testing import AdobePass


def asks(adobe_pass: AdobePass, event: Event) -> None:
    reveal_type(adobe_pass.control.health().status)
    event.nothing
"""
SERVE_ALONE = """
import httpx
from pass_harness.mock_server.testing import running_mock
with running_mock() as url:
    print(len(httpx.get(url + "/_mock/findings", trust_env=False).json()["rules"]), "rules")
    print(httpx.get(url + "/_mock/", trust_env=False).status_code, httpx.get(url + "/_mock/metrics").status_code)
"""


@dataclass(frozen=True)
class Ended:
    code: int
    said: str
    folder: Path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution."""
    folder = tmp_path_factory.mktemp("source")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (made,) = folder.glob("*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, so that both are tested."""
    folder = tmp_path_factory.mktemp("dist")
    pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def constraints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The locked versions without hashes, because a fresh wheel has no locked hash."""
    file = tmp_path_factory.mktemp("locked") / "constraints.txt"
    locked = re.findall(r"^([\w.-]+)(?:\[.*?\])?(==.*?) \\$", LOCK.read_text("utf-8"), re.MULTILINE)
    file.write_text("\n".join(name + version for name, version in locked), "utf-8")
    return file


@pytest.fixture(scope="module")
def alone(wheel: Path, constraints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Command folder of a new virtual environment with the wheel and no extra: the mock only."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip(str(environment / "bin" / "python"), "install", "--constraint", str(constraints), str(wheel))
    return environment / "bin"


@pytest.fixture(scope="module")
def without_extras(alone: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """Output of the commands before any extra is installed."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "adobe.yaml").write_text("openapi: 3.0.0\n", "utf-8")
    commands = (*NEED_EXTRAS, "pass-mock software-statement", f"python -c '{SERVE_ALONE}'")
    return {command: run(command, alone, folder) for command in commands}


@pytest.fixture(scope="module")
def installed(wheel: Path, alone: Path, constraints: Path, without_extras: dict[str, Ended]) -> Path:
    """The same environment with all extras, after the tests without extras."""
    assert without_extras
    pip(str(alone / "python"), "install", "--constraint", str(constraints), f"{wheel}[all]")
    return alone


@pytest.fixture(scope="module")
def ended(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ended]]:
    """A short demo, the CI example and a small event, concurrently, each in an empty folder.

    The CI example plays every scenario.
    """
    folders = {name: tmp_path_factory.mktemp(name) for name in ("demo", "example", "load")}
    (folders["load"] / "event.toml").write_text(EVENT, "utf-8")
    scripts = {
        "demo": "pass-conformance demo --scenario play-denied",
        "example": example(installed, folders["example"]),
        "load": "pass-load run --event event.toml --report report",
    }
    with ExitStack() as stack:
        started = {
            name: stack.enter_context(Script(lines, installed, folders[name])) for name, lines in scripts.items()
        }
        yield {name: script.ended() for name, script in started.items()}


class Script:
    """A shell script in its own session; at the end all its processes are killed."""

    def __init__(self, lines: str, commands: Path, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "said.txt"
        # The environment of a CI job: only PATH and the like of this one.
        environment = {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
            "GITHUB_STEP_SUMMARY": "summary.md",
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-e", "-o", "pipefail", "-c", lines],
                cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(20)

    def ended(self) -> Ended:
        code = self._process.wait(240)
        return Ended(code, self._log.read_text("utf-8"), self._folder)


def example(installed: Path, folder: Path) -> str:
    """Return the script of the GitHub example with free ports and the example service's own service.toml."""
    mock, service = str(free_port()), str(free_port())
    toml = package_of(installed, "pass_harness.fixtures") / "programmer_service" / "service.toml"
    (folder / "service.toml").write_text(toml.read_text("utf-8").replace(":9000", f":{service}"), "utf-8")
    lines = script(GITHUB).removeprefix(INSTALL)
    assert lines != script(GITHUB)
    lines = lines.replace("pass-mock serve", f"pass-mock serve --port {mock}")
    lines = lines.replace("--adobe-url", f"--port {service} --adobe-url").replace(":9000", f":{service}")
    names = {**variables(GITHUB), "ADOBE_PASS": f"http://127.0.0.1:{mock}"}
    exports = "\n".join(f'export {name}="{value}"' for name, value in names.items())
    return f"{exports}\n{lines}"


def package_of(installed: Path, name: str) -> Path:
    """Return the folder in which a package is installed."""
    code = f"import {name} as package; print(package.__path__[0])"
    command = [installed / "python", "-P", "-c", code]
    found = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    assert not found.is_relative_to(ROOT)
    return found


def run(command: str, commands: Path, folder: Path) -> Ended:
    with Script(command, commands, folder) as script:
        return script.ended()


def pip(python: str, *arguments: str) -> None:
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    """Templates, styles, schemas, tables, events: every tracked file below the packages."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        known = {str(path.relative_to(ROOT)) for name in PACKAGES for path in (ROOT / name).rglob("*.*")}
    else:
        listed = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True)
        known = set(listed.stdout.split())
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    assert {f"pass_harness/{file}" for file in known if not re.search(r"__pycache__|\.pyc$", file)} - packed == set()
    assert "pass_harness/conformance/reports/html/report.html" in packed
    assert not [name for name in packed if name.startswith("tests/")]


def test_without_extras_the_mock_works_with_its_rules(without_extras: dict[str, Ended]) -> None:
    served = without_extras[f"python -c '{SERVE_ALONE}'"]
    assert (served.code, served.said) == (0, f"{len(all_rules())} rules\n200 200\n")
    assert without_extras["pass-mock software-statement"].said.count(".") == 2


@pytest.mark.parametrize("command", NEED_EXTRAS)
def test_a_missing_extra_is_an_error_with_the_install_command(without_extras: dict[str, Ended], command: str) -> None:
    ended = without_extras[command]
    assert ended.code == 2, ended.said
    assert len(ended.said.splitlines()) == 1
    assert f"pip install 'pass-harness[{NEED_EXTRAS[command]}]'" in ended.said


def test_the_demo_runs_from_the_wheel_in_an_empty_folder(ended: dict[str, Ended]) -> None:
    demo = ended["demo"]
    assert demo.code == 0, demo.said
    assert "PASSED" in demo.said
    assert "report/report.html" in demo.said
    assert (demo.folder / "report" / "report.html").read_text("utf-8").startswith("<!doctype html>")


def test_the_ci_example_runs_unchanged(ended: dict[str, Ended]) -> None:
    run = ended["example"]
    assert run.code == 0, run.said
    assert {file.name for file in (run.folder / "report").iterdir()} == {
        "report.html",
        "report.json",
        "report.junit.xml",
        "report.md",
        "report.sarif",
        "report.txt",
    }
    assert (run.folder / "summary.md").read_text("utf-8").startswith("## ✅ Adobe Pass conformance: passed")


def test_an_event_runs_from_the_wheel(ended: dict[str, Ended]) -> None:
    run = ended["load"]
    assert run.code in {0, 3}, run.said  # 3: on a busy machine a run can be invalid
    event = json.loads((run.folder / "report" / "report.json").read_text("utf-8"))
    assert event["event"]["audience"] == 3
    assert event["viewers"]["arrived"] == 3


def test_a_trace_is_judged_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    trace = package_of(installed, "pass_harness.fixtures") / "traces" / "mock.har"
    audited = run(f"pass-conformance audit {trace} --format json", installed, tmp_path)
    assert audited.code == 0, audited.said
    assert '"verdict": "passed"' in audited.said


def test_the_packages_ship_their_types(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "consumer.py").write_text(CONSUMER, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", installed / "python", "consumer.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert re.findall(r"(?:note|error): (.*)", done.stdout) == [
        'Revealed type is "str"',
        '"Event" has no attribute "nothing"  [attr-defined]',
    ]


def test_every_command_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    for name in scripts:
        done = subprocess.run(
            [installed / name, "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{name}: {done.stderr}"
