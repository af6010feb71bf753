"""A mock whose process is stopped again and again: nobody is blamed, and every report shows the stalls."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from pass_harness.conformance.running import child_processes
from pass_harness.mock_server.client.sync_client import SyncControlClient
from tests.mock_server.conftest import FULL, device_headers
from tests.mock_server.stopped_process import stopped
from tests.mock_server.test_cli import serving

pytestmark = pytest.mark.slow

COMMAND = str(Path(sys.executable).with_name("pass-conformance"))
PERIOD_S = 3.2
POLLS = 7


def violated(rules: list[dict[str, object]]) -> list[str]:
    return [str(rule["id"]) for rule in rules if rule["verdict"] == "violated"]


def test_a_run_at_a_stopped_mock_blames_nobody_and_shows_the_stalls(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    with (
        serving("--record", str(record)) as (mock, process),
        child_processes.programmer_service(tmp_path, mock) as service,
    ):
        toml = tmp_path / "service.toml"
        shipped = Path(child_processes.service_toml(service.url).path).read_text("utf-8")
        toml.write_text(re.sub(r"(?m)^base_url = .*$", f'base_url = "{service.url}"', shipped), "utf-8")
        command = [COMMAND, "run", "--service", str(toml), "--mock", mock, "--scenario", "first-login-second-screen"]
        with stopped(process, runs_s=1.5, stops_s=1.2):
            run = subprocess.run(
                [*command, "--format", "json"], cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False
            )
    report = json.loads(run.stdout)
    assert (violated(report["rules"]), run.returncode in {0, 3}) == ([], True), run.stderr
    assert report["run"]["stall_count"] > 2
    assert report["run"]["max_lag_ms"] > 1000

    audit = subprocess.run([COMMAND, "audit", str(record)], capture_output=True, text=True, timeout=60, check=False)
    assert audit.returncode in {0, 3}, audit.stdout
    assert "the mock stalled for" in audit.stdout


def test_a_poller_by_its_own_clock_is_not_blamed_by_live_rules() -> None:
    """Every second poll waits for the end of a stall, and is read 0.2 s before the next one is sent."""
    with serving() as (address, process), SyncControlClient(address, timeout=30) as control:
        with httpx.Client(base_url=address, trust_env=False, timeout=30) as http:
            client = http.post("/o/client/register", json={"software_statement": control.software_statement()}).json()
            grant = {name: client[name] for name in ("client_id", "client_secret")}
            token = http.post("/o/client/token", data={**grant, "grant_type": "client_credentials"}).json()
            headers = {"Authorization": f"Bearer {token['access_token']}", **device_headers()}
            http.get("/api/v2/REF30/profiles", headers=headers)
            code = http.post("/api/v2/REF30/sessions", headers=headers, data=FULL).json()["code"]
            begin_s, polling = time.monotonic() + 0.5, list[threading.Thread]()
            for number in range(POLLS):
                time.sleep(max(0.0, begin_s + number * PERIOD_S - time.monotonic()))
                if number % 2:
                    os.kill(process.pid, signal.SIGSTOP)
                poll = threading.Thread(
                    target=http.get, args=(f"/api/v2/REF30/profiles/code/{code}",), kwargs={"headers": headers}
                )
                poll.start()
                polling.append(poll)
                if number % 2:
                    time.sleep(PERIOD_S - 0.2)
                    os.kill(process.pid, signal.SIGCONT)
            for poll in polling:
                poll.join()
        polls = control.exchanges(endpoint="profiles.code").exchanges
        assert [poll.lag_ms > 1000 for poll in polls[:6]] == [False, True] * 3
        assert [rule for rule in violated(control.findings().rules) if rule.startswith("authentication.poll")] == []
        assert len(control.stalls()) >= POLLS // 2
