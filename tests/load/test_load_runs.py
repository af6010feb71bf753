"""Whole runs of events as users start them: what is asserted is their structure, never how fast anything was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.example import free_port

COMMAND = str(Path(sys.executable).with_name("pass-load"))
SMALL = """[event]
audience = 8
duration = "25s"
typing = "1s"
[[stages]]
lasts = "3s"
share = 1
[[viewers]]
entrance = "second-screen"
zaps = 2
watches = "1s"
[[viewers]]
entrance = "first-screen"
zaps = 1
watches = "1s"
preauthorizes = false
"""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "report" / "report.json").read_text("utf-8"))
        return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ended]:
    """A run of the compliant service and one of a defective one, side by side: both are mostly waiting."""
    arguments = {"compliant": [], "defective": ["--defect", "token-per-call", "--format", "json"]}
    folders = {name: tmp_path_factory.mktemp(name) for name in arguments}
    started = {}
    for name, more in arguments.items():
        (folders[name] / "small.toml").write_text(SMALL, "utf-8")
        started[name] = subprocess.Popen(
            [COMMAND, "run", "--event", "small.toml", "--seed", "4", "--report", "report", *more],
            cwd=folders[name],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    said = {name: process.communicate(timeout=180) for name, process in started.items()}
    return {name: Ended(process.returncode, *said[name], folders[name]) for name, process in started.items()}


def test_a_compliant_service_holds(runs: Mapping[str, Ended]) -> None:
    run = runs["compliant"]
    assert (run.code, run.report["verdict"], run.report["invalid"]) == (0, "passed", []), run.out + run.err
    assert run.out.startswith("PASSED  event small")


def test_every_viewer_came_and_finished(runs: Mapping[str, Ended]) -> None:
    viewers = runs["compliant"].report["viewers"]
    assert (viewers["arrived"], viewers["finished"], viewers["gave_up"]) == (8, 8, 0)


def test_every_verb_of_the_stories_was_asked_and_succeeded(runs: Mapping[str, Ended]) -> None:
    verbs = {verb["verb"]: verb for verb in runs["compliant"].report["verbs"]}
    assert set(verbs) == {
        "start", "providers", "login", "enter_code", "arrived", "status", "preauthorize", "play", "stop",
    }  # fmt: skip
    assert verbs["login"]["calls"] == 8
    assert {verb["errors"] for verb in verbs.values()} == {0}
    for verb in verbs.values():
        assert 0 < verb["p50_ms"] <= verb["p95_ms"] <= verb["p99_ms"]


def test_calls_to_adobe_pass_are_counted_and_judged(runs: Mapping[str, Ended]) -> None:
    report = runs["compliant"].report
    adobe, rules = report["adobe"], {rule["id"]: rule for rule in report["conformance"]["rules"]}
    endpoints = {endpoint["endpoint"]: endpoint["calls"] for endpoint in adobe["endpoints"]}
    plays = next(verb["calls"] for verb in report["verbs"] if verb["verb"] == "play")
    assert endpoints["sessions.create"] == 8
    assert endpoints["decisions.authorize"] == plays
    assert adobe["calls"] == sum(endpoints.values())
    assert (adobe["lost"], adobe["throttled"], adobe["findings"]) == (0, 0, 0)
    assert adobe["amplification"] == pytest.approx(
        adobe["calls"] / sum(verb["calls"] for verb in report["verbs"]), abs=0.001
    )
    assert rules["authorization.every-playback-authorized"]["opportunities"] >= 8


def test_a_defective_service_fails_and_the_rule_is_named(runs: Mapping[str, Ended]) -> None:
    run = runs["defective"]
    assert run.code == 1, run.out + run.err
    assert "finding: MUST registration.token-reused" in run.err
    report = json.loads(run.out)
    assert report == run.report
    violated = {rule["id"] for rule in report["conformance"]["rules"] if rule["verdict"] == "violated"}
    assert "registration.token-reused" in violated
    adobe = report["adobe"]
    assert adobe["findings_per_million"] == pytest.approx(adobe["findings"] / adobe["calls"] * 1e6, abs=0.1)
    assert adobe["findings"] > 10


def test_both_reports_are_written(runs: Mapping[str, Ended]) -> None:
    for run in runs.values():
        assert "per million calls to Adobe Pass" in (run.folder / "report" / "report.txt").read_text("utf-8")


def refused(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "run", "--event", "kickoff", *arguments], cwd=tmp_path, text=True, capture_output=True, check=False
    )


SERVICE = """[service]
base_url = "{url}"
[verbs.login]
request = "POST /login"
returns = {{ code = "$.code" }}
[verbs.status]
request = "GET /status"
returns = {{ state = "$.state" }}
"""
PLAY = '[verbs.play]\nrequest = "POST {target}"\nreturns = {{ allowed = "$.allowed" }}\n'


def service(tmp_path: Path, url: str = "http://127.0.0.1:1", play: str = "/play") -> str:
    path = tmp_path / "service.toml"
    path.write_text(SERVICE.format(url=url) + (PLAY.format(target=play) if play else ""), "utf-8")
    return str(path)


@pytest.mark.parametrize("url", ["http://192.0.2.1:9000", "http://localhost.example:9000", "http://2130706433"])
def test_load_beyond_this_machine_is_refused(tmp_path: Path, url: str) -> None:
    ended = refused(tmp_path, "--service", service(tmp_path, url))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "this machine alone" in ended.stderr


def test_a_verb_that_is_elsewhere_is_refused(tmp_path: Path) -> None:
    ended = refused(tmp_path, "--service", service(tmp_path, play="http://192.0.2.1/play"))
    assert ended.returncode == 2
    assert "[verbs.play] is at 192.0.2.1" in ended.stderr


def test_a_mock_that_is_elsewhere_is_refused(tmp_path: Path) -> None:
    ended = refused(tmp_path, "--service", service(tmp_path), "--mock", "http://192.0.2.1:8300")
    assert ended.returncode == 2
    assert "the mock is at 192.0.2.1" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--defect", "token-per-cal"], 'did you mean "token-per-call"'),
        (["--mock", "http://127.0.0.1:8300"], "--mock goes with --service"),
        (["--event", "kickof"], 'did you mean "kickoff"'),
        (["--select", "registration.tokens"], "registration.token"),
        (["--audience", "0"], "0"),
    ],
)
def test_wrong_usage_is_one_sentence(tmp_path: Path, arguments: list[str], says: str) -> None:
    ended = refused(tmp_path, *arguments)
    assert ended.returncode == 2
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_service_without_the_verbs_of_a_viewer_is_refused(tmp_path: Path) -> None:
    ended = refused(tmp_path, "--service", service(tmp_path, play=""))
    assert ended.returncode == 2
    assert "viewers need [verbs.play]; map it" in ended.stderr


def test_without_a_mock_nothing_can_be_judged(tmp_path: Path) -> None:
    mock = f"http://127.0.0.1:{free_port()}"
    ended = refused(tmp_path, "--service", service(tmp_path), "--mock", mock)
    assert ended.returncode == 3
    assert f"no mock answers at {mock}" in ended.stdout
    assert "Traceback" not in ended.stderr
