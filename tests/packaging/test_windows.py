"""Modules that Windows lacks: nothing needs them but recording and the store in SQLite, which say so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pass_harness.mock_server.formats import file_locks
from pass_harness.mock_server.formats.byte_size import parse_size
from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.store.opening import open_store

MISSING = ["fcntl", "grp", "pwd", "resource", "termios", "uvloop"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "started",
    [
        "pass_harness.mock_server.cli.main",
        "pass_harness.mock_server.server.serve",
        "pass_harness.conformance.cli.main",
        "pass_harness.conformance.running.judged_run",
        "pass_harness.fixtures.programmer_service.__main__",
    ],
)
def test_the_commands_of_a_ci_job_import_no_module_of_posix(started: str) -> None:
    code = f"import sys; sys.modules.update(dict.fromkeys({MISSING})); import {started}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_recording_without_file_locks_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_locks, "fcntl", None)

    with pytest.raises(ConfigError, match=r"^--record does not work on Windows, .*: run the mock in WSL$"):
        Recorder(tmp_path / "trace.jsonl", parse_size("1MB"))
    with pytest.raises(ConfigError, match=r"^--store sqlite does not work on Windows, "):
        open_store(f"sqlite:{tmp_path / 'store'}")
    assert list(tmp_path.iterdir()) == []
