"""Whole load runs as commands: the tests assert their structure, never their speed."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from pass_harness.conformance import rule_sets
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.child_processes import free_port
from pass_harness.mock_server.testing import running_mock

pytestmark = pytest.mark.slow

COMMAND = str(Path(sys.executable).with_name("pass-load"))
SMALL = """[event]
audience = 10
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
MIXED = (
    SMALL
    + """[[viewers]]
entrance = "returning"
watches = "1s"
[[viewers]]
entrance = "temp-pass"
mvpd = "TempPass"
watches = "1s"
[[viewers]]
entrance = "first-screen"
watches = "1s"
logs_out = true
retries = 2
patience = "10s"
[mvpds]
Cablevision = 1
Spectrum = 1
[households]
1 = 1
2 = 2
[[incidents]]
at = "+4s"
lasts = "2s"
degradation = "AuthZAll"
[[incidents]]
at = "+6s"
revoke_tokens = true
[[incidents]]
at = "+7s"
fail_over = true
"""
).replace("audience = 10", "audience = 24")
PASSES = """[event]
audience = 6
duration = "12s"
workload = "closed"
[[stages]]
lasts = "2s"
share = 1
[[viewers]]
entrance = "temp-pass"
mvpd = "TempPass"
watches = "1s"
"""
SLO = """[slo]
p99 = "60s"
error_share = 0.5
recovery = "60s"
"""


@dataclass(frozen=True)
class Ended:
    """A finished command."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "report" / "report.json").read_text("utf-8"))
        return found


@dataclass
class Runs:
    """Concurrent commands: they spend most of their time waiting."""

    folder: Path
    started: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def start(self, name: str, event: str, *arguments: str) -> None:
        folder = self.folder / name
        folder.mkdir()
        (folder / "small.toml").write_text(event, "utf-8")
        (folder / "slo.toml").write_text(SLO, "utf-8")
        self.started[name] = subprocess.Popen(
            [COMMAND, "run", "--event", "small.toml", "--seed", "4", "--report", "report", *arguments],
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def ended(self) -> Mapping[str, Ended]:
        said = {name: process.communicate(timeout=180) for name, process in self.started.items()}
        return {
            name: Ended(process.returncode, *said[name], self.folder / name) for name, process in self.started.items()
        }


def stats_of(port: int) -> dict[str, Any]:
    """Return the statistics of Locust's web page once viewers have arrived."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            assert "Locust" in httpx.get(f"http://127.0.0.1:{port}/").text
            stats: dict[str, Any] = httpx.get(f"http://127.0.0.1:{port}/stats/requests").json()
            if stats["user_count"] > 1 and len(stats["stats"]) > 1:
                return stats
        time.sleep(0.3)
    raise AssertionError("Locust's web page has shown no viewers")


@dataclass(frozen=True)
class Module:
    """All runs of this module."""

    ended: Mapping[str, Ended]
    stats: dict[str, Any]
    workers: list[int]


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Module:
    folder = tmp_path_factory.mktemp("runs")
    runs, web, master = Runs(folder), free_port(), free_port()
    with child_processes.mock(folder) as mock, running_mock("--control-token", "s3cret") as guarded:
        statement = folder / "statement.jwt"
        statement.write_text(httpx.get(f"{mock.url}/_mock/software-statement").text, "utf-8")
        host = ("--host", mock.url, "--software-statement", str(statement), "--rate", "200")
        runs.start("compliant", SMALL, "--web-port", str(web))
        runs.start("defective", SMALL, "--defect", "token-per-call", "--format", "json")
        runs.start("mixed", MIXED, "--expect-workers", "2", "--bind-port", str(master), "--slo", "slo.toml")
        workers = [
            subprocess.Popen([COMMAND, "worker", "--master-port", str(master)], stderr=subprocess.DEVNULL)
            for _ in range(2)
        ]
        files = ("--csv", "locust/small", "--html", "locust.html")
        token = ("--control-token", "s3cret", "--rules", "next")
        runs.start("mock", SMALL, "--mock", f"{guarded}/~direct", *token, *files)
        runs.start("host", PASSES, *host, "--slo", "slo.toml")
        try:
            stats = stats_of(web)
            ended = runs.ended()
            return Module(ended, stats, [worker.wait(timeout=30) for worker in workers])
        finally:
            for process in (*runs.started.values(), *workers):
                if process.poll() is None:
                    process.terminate()
                    process.communicate(timeout=30)


@pytest.fixture
def runs(module: Module) -> Mapping[str, Ended]:
    return module.ended


def assert_held(run: Ended) -> None:
    """Assert that there is no finding; a run on a busy machine must be marked invalid."""
    report = run.report
    violated = [rule for rule in report["conformance"]["rules"] if rule["verdict"] == "violated"]
    assert violated == [], run.out + run.err
    busy = ("late", "saturated", "was stalled")
    assert [reason for reason in report["invalid"] if not any(word in reason for word in busy)] == []
    lagged = any(rule["verdict"] == "inconclusive" for rule in report["conformance"]["rules"])
    if report["invalid"]:
        assert (run.code, report["verdict"]) == (3, "inconclusive")
        assert run.out.startswith("INVALID  event small")
    elif not lagged:
        assert (run.code, report["verdict"]) == (0, "passed")
        assert run.out.startswith("PASSED  event small")


def test_a_compliant_service_passes(runs: Mapping[str, Ended]) -> None:
    assert_held(runs["compliant"])


def test_every_viewer_arrived_and_finished(runs: Mapping[str, Ended]) -> None:
    viewers = runs["compliant"].report["viewers"]
    assert (viewers["arrived"], viewers["finished"], viewers["gave_up"]) == (10, 10, 0)


def test_every_verb_of_the_stories_succeeded(runs: Mapping[str, Ended]) -> None:
    verbs = {verb["verb"]: verb for verb in runs["compliant"].report["verbs"]}
    assert set(verbs) == {
        "start", "providers", "login", "enter_code", "arrived", "status", "preauthorize", "play", "stop",
    }  # fmt: skip
    assert verbs["login"]["calls"] == 10
    assert {verb["errors"] for verb in verbs.values()} == {0}
    for verb in verbs.values():
        assert 0 < verb["p50_ms"] <= verb["p95_ms"] <= verb["p99_ms"]


def test_calls_to_adobe_pass_are_counted_and_judged(runs: Mapping[str, Ended]) -> None:
    report = runs["compliant"].report
    adobe, rules = report["adobe"], {rule["id"]: rule for rule in report["conformance"]["rules"]}
    endpoints = {endpoint["endpoint"]: endpoint["calls"] for endpoint in adobe["endpoints"]}
    plays = next(verb["calls"] for verb in report["verbs"] if verb["verb"] == "play")
    assert endpoints["sessions.create"] == 10
    assert endpoints["decisions.authorize"] == plays
    assert adobe["calls"] == sum(endpoints.values())
    assert (adobe["lost"], adobe["throttled"], adobe["findings"]) == (0, 0, 0)
    assert adobe["amplification"] == pytest.approx(
        adobe["calls"] / sum(verb["calls"] for verb in report["verbs"]), abs=0.001
    )
    assert rules["authorization.every-playback-authorized"]["opportunities"] >= 10


def test_figures_by_time_add_up_to_the_totals(runs: Mapping[str, Ended]) -> None:
    report = runs["compliant"].report
    series, adobe = report["series"], report["adobe"]
    assert sum(series["arrivals"]) == 10
    assert sum(series["arrivals"][:4]) == 10
    assert sum(series["verbs"]) == sum(verb["calls"] for verb in report["verbs"])
    assert {name: sum(calls) for name, calls in series["calls"].items()} == {
        endpoint["endpoint"]: endpoint["calls"] for endpoint in adobe["endpoints"]
    }
    assert len({len(values) for values in (series["verbs"], series["p99_ms"], series["findings"])}) == 1


def test_locusts_web_page_shows_the_viewers(module: Module) -> None:
    assert module.stats["state"] == "running"
    assert {entry["name"] for entry in module.stats["stats"]} >= {"start", "Aggregated"}


def test_a_defective_service_fails_and_the_rule_is_named(runs: Mapping[str, Ended]) -> None:
    run = runs["defective"]
    assert run.code == (3 if run.report["invalid"] else 1), run.out + run.err
    assert "finding: MUST registration.token-reused" in run.err
    report = json.loads(run.out)
    assert report == run.report
    violated = {rule["id"] for rule in report["conformance"]["rules"] if rule["verdict"] == "violated"}
    assert "registration.token-reused" in violated
    adobe = report["adobe"]
    assert adobe["judged"] > adobe["calls"], "the doctor called before the event"
    assert adobe["findings_per_million"] == pytest.approx(adobe["findings"] / adobe["judged"] * 1e6, abs=0.1)
    assert adobe["findings"] > 10


def test_a_master_and_two_workers_simulate_the_whole_audience(module: Module) -> None:
    run = module.ended["mixed"]
    assert_held(run)
    viewers = run.report["viewers"]
    assert (viewers["arrived"], viewers["unprepared"]) == (24, 0)
    # Two devices of one household share a rate limit: occasionally a call is refused three times.
    assert viewers["finished"] + viewers["still_there"] >= 22, viewers
    assert [reason for reason in viewers["reasons"] if "throttling this device" not in reason] == []
    assert module.workers == [0, 0]


def test_every_kind_of_viewer_is_compliant(runs: Mapping[str, Ended]) -> None:
    run = runs["mixed"]
    verbs = {verb["verb"]: verb["calls"] for verb in run.report["verbs"]}
    assert verbs["logout"] >= 1
    assert verbs["login"] < verbs["start"] == 24, "returning viewers do not log in again"


def test_incidents_happen_and_objectives_are_evaluated(runs: Mapping[str, Ended]) -> None:
    run = runs["mixed"]
    assert "incident: AuthZAll" in run.err
    assert "over: AuthZAll" in run.err
    degraded, revoked, moved = run.report["incidents"]
    assert (degraded["begins"], degraded["ends"], revoked["ends"], moved["ends"]) == (4.0, 6.0, 6.0, 7.0)
    endpoints = {endpoint["endpoint"]: endpoint["calls"] for endpoint in run.report["adobe"]["endpoints"]}
    assert endpoints["dcr.token"] >= 1, "after the revocation"
    names = {objective["name"]: objective["holds"] for objective in run.report["objectives"]}
    assert run.report["invalid"] or names == {
        "p99": True,
        "error_share": True,
        "recovery after AuthZAll": True,
        "recovery after tokens revoked": True,
        "recovery after fail-over": True,
    }


def test_a_fail_over_is_shown_to_the_rule_on_data_centres(runs: Mapping[str, Ended]) -> None:
    """The event ends before a service must have moved: the rule has no opportunity, but lacks no facility."""
    rules = {rule["id"]: rule for rule in runs["mixed"].report["conformance"]["rules"]}
    assert rules["environment.dns-at-most-30s"]["verdict"] == "not exercised"


def test_a_mock_can_be_loaded_directly_without_rules(runs: Mapping[str, Ended]) -> None:
    run = runs["mock"]
    assert_held(run)
    adobe = run.report["adobe"]
    assert (adobe["findings"], adobe["failed"], adobe["throttled"]) == (0, 0, 0)
    assert run.report["viewers"]["finished"] == 10


def test_the_rule_set_can_be_chosen_and_the_report_names_it(runs: Mapping[str, Ended]) -> None:
    named = {name: runs[name].report["conformance"]["run"]["rule_set"] for name in ("compliant", "mock")}
    assert named == {"compliant": rule_sets.released()[-1], "mock": "next"}


def test_locust_writes_its_own_files(runs: Mapping[str, Ended]) -> None:
    folder = runs["mock"].folder
    rows = list(csv.DictReader((folder / "locust" / "small_stats.csv").read_text("utf-8").splitlines()))
    counts = {row["Name"]: int(row["Request Count"]) for row in rows}
    endpoints = {endpoint["endpoint"]: endpoint["calls"] for endpoint in runs["mock"].report["adobe"]["endpoints"]}
    assert counts["sessions.create"] == endpoints["sessions.create"]
    assert "<html" in (folder / "locust.html").read_text("utf-8")


def test_a_host_without_a_journal_is_evaluated_by_objectives_only(runs: Mapping[str, Ended]) -> None:
    run = runs["host"]
    assert_held(run)
    assert run.report["conformance"]["rules"] == []
    assert run.report["invalid"] or [objective["holds"] for objective in run.report["objectives"]] == [True, True]
    calls = {endpoint["endpoint"]: endpoint["calls"] for endpoint in run.report["adobe"]["endpoints"]}
    assert calls["decisions.authorize"] >= 6


def test_viewers_return_in_a_closed_workload(runs: Mapping[str, Ended]) -> None:
    run = runs["host"]
    verbs = {verb["verb"]: verb["calls"] for verb in run.report["verbs"]}
    assert verbs["start"] > 6
    assert (run.report["viewers"]["arrived"], run.report["viewers"]["still_there"]) == (6, 6)


def test_both_reports_are_written(runs: Mapping[str, Ended]) -> None:
    for run in runs.values():
        assert "per million calls to Adobe Pass" in (run.folder / "report" / "report.txt").read_text("utf-8")
