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
from installing import pip

from pass_harness.conformance.registry import all_rules

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
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
    """A short demo and a small event, concurrently, each in an empty folder."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("demo", "load")}
    (folders["load"] / "event.toml").write_text(EVENT, "utf-8")
    scripts = {
        "demo": "pass-conformance demo --scenario play-denied",
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
        environment = {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
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


def package_of(installed: Path, name: str) -> Path:
    """Return the folder in which a package is installed."""
    code = f"import {name} as package; print(package.__path__[0])"
    command = [installed / "python", "-I", "-c", code]
    found = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    assert not found.is_relative_to(ROOT)
    return found


def run(command: str, commands: Path, folder: Path) -> Ended:
    with Script(command, commands, folder) as script:
        return script.ended()


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
    package = f"'pass-harness[{NEED_EXTRAS[command]}]'"
    assert ended.said.endswith(f": pip install {package}, or start it with uvx --from {package}\n")


def test_the_command_of_uvx_in_the_docs_needs_no_installation(wheel: Path, constraints: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "installation.md").read_text("utf-8")
    published, from_file = re.findall(r"^(uvx --from .*) demo$", page, re.MULTILINE)
    (tmp_path / "dist").mkdir()
    shutil.copy(wheel, tmp_path / "dist")
    settings = {"UV_FIND_LINKS": str(wheel.parent), "UV_CONSTRAINT": str(constraints), "UV_TOOL_DIR": str(tmp_path)}
    for command in (published, from_file):
        line = f"{command} --version".replace("uvx", f"{sys.executable} -m uv tool run")
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=os.environ | settings, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("pass-conformance, version ")


def test_the_demo_runs_from_the_wheel_in_an_empty_folder(ended: dict[str, Ended]) -> None:
    demo = ended["demo"]
    assert demo.code == 0, demo.said
    assert "PASSED" in demo.said
    assert "report/report.html" in demo.said
    assert (demo.folder / "report" / "report.html").read_text("utf-8").startswith("<!doctype html>")


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
