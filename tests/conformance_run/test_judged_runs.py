"""Whole judged runs as commands: the demo, the demo with a defect, and rules as pytest items."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from pass_harness.conformance import rule_sets
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.conformance.scenarios.service_token import WITHOUT_SSO, ServiceToken

pytestmark = pytest.mark.slow

COMMAND = str(Path(sys.executable).with_name("pass-conformance"))
DEFECT = "poll-every-second"
TRIPPED = "authentication.poll-interval"
TRIPPED_IN = "first-login-second-screen"


@dataclass(frozen=True)
class Ended:
    """A finished command."""

    code: int
    out: str
    err: str
    folder: Path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, mock_url: str) -> Iterator[Mapping[str, Ended]]:
    """All runs, concurrently: each spends most of its time waiting."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("demo", "defect", "few", "selected", "pytest")}
    with ExitStack() as stack:
        space = f"{mock_url}/~as-pytest-items"
        service = stack.enter_context(child_processes.programmer_service(folders["pytest"], space, [DEFECT]))
        toml = folders["pytest"] / "service.toml"
        shipped = Path(child_processes.service_toml(service.url).path).read_text("utf-8")
        toml.write_text(re.sub(r"(?m)^base_url = .*$", f'base_url = "{service.url}"', shipped), "utf-8")
        pytest_items = [sys.executable, "-m", "pytest", "-rA", "--pass-service=service.toml", f"--pass-mock={space}"]
        commands = {
            "demo": [COMMAND, "demo", "--format", "json"],
            "defect": [COMMAND, "demo", "--defect", DEFECT, "--scenario", TRIPPED_IN, "--report", "elsewhere"],
            "few": [COMMAND, "demo", "--scenario", "play-d*", "--format", "json"],
            "selected": [COMMAND, "demo", "--select", "authorization.mrss-passed-intact", "--format", "json"],
            "pytest": [*pytest_items, "-p", "no:cacheprovider", "-W", "error"],
        }
        started = {
            name: subprocess.Popen(
                command, cwd=folders[name], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            for name, command in commands.items()
        }
        said = {name: process.communicate(timeout=240) for name, process in started.items()}
        yield {name: Ended(process.returncode, *said[name], folders[name]) for name, process in started.items()}


def test_the_compliant_service_passes_and_stdout_is_only_the_report(runs: Mapping[str, Ended]) -> None:
    demo = runs["demo"]
    report = json.loads(demo.out)
    broken = [rule for rule in report["rules"] if rule["verdict"] == "violated"]
    assert (broken, report["verdict"], report["exit_code"], demo.code) == ([], "passed", 0, 0)
    assert len(report["rules"]) == len(rule_sets.named().rules)
    assert {(s["id"], s["verdict"], s["note"]) for s in report["scenarios"]} == {
        (scenario.id, "passed", WITHOUT_SSO if scenario is ServiceToken else "") for scenario in SCENARIOS
    }
    assert json.loads((demo.folder / "report" / "report.json").read_text("utf-8")) == report
    assert "report/report.json" in demo.err


def test_a_judged_run_takes_less_than_a_minute(runs: Mapping[str, Ended]) -> None:
    run = json.loads(runs["demo"].out)["run"]
    # If even the mock's event loop had to wait for the processor, the time does not depend on the suite.
    assert run["seconds"] < 60 or run["max_lag_ms"] > Expectations().lag_limit_ms


def test_the_demo_leaves_no_process_behind(runs: Mapping[str, Ended]) -> None:
    urls = re.findall(r"http://127\.0\.0\.\d:\d+", runs["demo"].err)
    assert len(urls) == 2
    for url in urls:
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False)


def test_a_defect_exits_with_1_and_names_the_rule_with_evidence(runs: Mapping[str, Ended]) -> None:
    defect = runs["defect"]
    assert defect.code == 1
    assert defect.out.startswith("VIOLATED")
    finding = defect.out.partition(f"MUST {TRIPPED}")[2].partition("remedy")[0]
    assert re.search(r"exchanges \d+, \d+", finding)
    assert re.search(r"polled again after 1(\.\d+)? s", finding)
    assert (defect.folder / "elsewhere" / "report.txt").read_text("utf-8").startswith("VIOLATED")


def test_the_report_shows_the_exchanges_of_the_violating_device(runs: Mapping[str, Ended]) -> None:
    folder = runs["defect"].folder / "elsewhere"
    report = json.loads((folder / "report.json").read_text("utf-8"))
    finding = next(rule for rule in report["rules"] if rule["id"] == TRIPPED)["findings"][0]
    cited = [exchange for exchange in finding["scene"]["exchanges"] if exchange.get("cited")]
    assert [exchange["id"] for exchange in cited] == finding["exchanges"]
    assert {exchange["endpoint"] for exchange in cited} == {"profiles.code"}
    assert {exchange["device"] for exchange in finding["scene"]["exchanges"]} == {finding["device"]}
    assert "login" in {verb["verb"] for verb in finding["scene"]["verbs"]}
    page = (folder / "report.html").read_text("utf-8")
    assert f"GET {cited[0]['path']}" in page
    again = f"pass-conformance demo --defect {DEFECT} --scenario {TRIPPED_IN} --report elsewhere --select {TRIPPED}"
    assert again in page


def test_selected_scenarios_are_played_and_the_report_names_the_others(runs: Mapping[str, Ended]) -> None:
    report = json.loads(runs["few"].out)
    assert [scenario["id"] for scenario in report["scenarios"]] == ["play-denied"]
    assert report["run"]["scenarios_left_out"] == [one.id for one in SCENARIOS if one.id != "play-denied"]
    text = (runs["few"].folder / "report" / "report.txt").read_text("utf-8")
    assert f"{len(SCENARIOS) - 1} scenarios left out" in text
    assert json.loads(runs["demo"].out)["run"]["scenarios_left_out"] == []


def test_a_selected_rule_plays_only_the_scenarios_that_exercise_it(runs: Mapping[str, Ended]) -> None:
    report = json.loads(runs["selected"].out)
    assert [scenario["id"] for scenario in report["scenarios"]] == ["play-mrss"]
    assert (report["verdict"], [rule["verdict"] for rule in report["rules"]]) == ("passed", ["passed"])
    text = (runs["selected"].folder / "report" / "report.txt").read_text("utf-8")
    assert f"{len(SCENARIOS) - 1} scenarios left out (they give the selected rules no opportunity): launch-" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("demo", "--scenario", "plai-denied"), "no scenario matches 'plai-denied': did you mean play-denied"),
        (("demo", "--scenario", "?"), "no scenario matches '?': launch-before-login, first-login-second-screen, "),
        (("run", "--watch", "--scenario", "play-denied"), "--observe plays no scenario"),
    ],
)
def test_scenarios_that_cannot_be_played_are_wrong_usage(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    ended = subprocess.run([COMMAND, *arguments], cwd=tmp_path, text=True, capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr


def test_rules_are_pytest_items(runs: Mapping[str, Ended]) -> None:
    ended = runs["pytest"]
    assert ended.code == 1, ended.out
    failed = re.findall(r"^FAILED service\.toml::(\S+)", ended.out, re.MULTILINE)
    assert failed == [TRIPPED]
    assert re.search(r"exchanges \d+, \d+, device", ended.out)
    passed = re.findall(r"^PASSED service\.toml::(\S+)", ended.out, re.MULTILINE)
    assert "headers.authorization" in passed
    assert re.search(r"^SKIPPED .*untestable: needs verb restart", ended.out, re.MULTILINE)
    assert "Traceback" not in ended.out
