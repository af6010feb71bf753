"""A load run at a mock whose process is stopped again and again is invalid: the service is not blamed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mock_server.stopped_process import stopped
from tests.mock_server.test_cli import serving

COMMAND = str(Path(sys.executable).with_name("pass-load"))
EVENT = """[event]
audience = 20
duration = "25s"
typing = "5s"
[[stages]]
lasts = "10s"
share = 1
[[viewers]]
entrance = "second-screen"
zaps = 2
watches = "1s"
"""
SLO = """[slo]
p99 = "400ms"
"""


@pytest.mark.slow
def test_stalls_of_the_mock_make_a_load_run_invalid(tmp_path: Path) -> None:
    (tmp_path / "event.toml").write_text(EVENT)
    (tmp_path / "slo.toml").write_text(SLO)
    with serving() as (mock, process), stopped(process, runs_s=4.0, stops_s=1.5):
        run = subprocess.run(
            [COMMAND, "run", "--event", "event.toml", "--mock", mock, "--slo", "slo.toml", "--report", "report"],
            cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
    assert run.returncode == 3, run.stdout + run.stderr
    assert run.stdout.startswith("INVALID")
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert [reason for reason in report["invalid"] if reason.startswith("the mock was stalled for")]
    assert [rule["id"] for rule in report["conformance"]["rules"] if rule["verdict"] == "violated"] == []
    assert report["adobe"]["stalls"] > 2
    assert "Stalls of the mock" in (tmp_path / "report" / "report.html").read_text()
