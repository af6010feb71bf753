"""A run whose exchanges have left the journal is not judged: a request that is missing there convicts nobody."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pass_harness.conformance.running import child_processes
from pass_harness.mock_server.testing import running_mock

pytestmark = pytest.mark.slow

COMMAND = str(Path(sys.executable).with_name("pass-conformance"))


def test_a_journal_that_is_too_short_is_a_failure_of_the_harness(tmp_path: Path) -> None:
    config, toml = tmp_path / "mock.toml", tmp_path / "service.toml"
    config.write_text("[bounds]\njournal_exchanges = 3\n")
    with (
        running_mock("--config", str(config)) as mock,
        child_processes.programmer_service(tmp_path, mock) as service,
    ):
        shipped = Path(child_processes.service_toml(service.url).path).read_text("utf-8")
        toml.write_text(re.sub(r"(?m)^base_url = .*$", f'base_url = "{service.url}"', shipped), "utf-8")
        command = [COMMAND, "run", "--service", str(toml), "--mock", mock, "--scenario", "first-login-second-screen"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 3, run.stdout
    assert re.search(r"^HARNESS: \d+ of \d+ exchanges left the journal before they were judged", run.stderr, re.M)
