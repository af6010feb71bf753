"""The command pass-mock health, which waits for a mock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pass_harness.conformance.running.child_processes import free_port
from pass_harness.mock_server.cli.main import main
from pass_harness.mock_server.testing import running_mock

COMMAND = Path(sys.executable).with_name("pass-mock")


@pytest.mark.slow
def test_a_mock_that_starts_later_is_awaited() -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    at_once = CliRunner().invoke(main, ["health", "--mock", address])
    command = [COMMAND, "health", "--mock", address, "--wait", "2m"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1.5)
        with running_mock("--port", str(port)):
            assert waiting.wait(60) == 0
        assert waiting.stdout is not None
        assert waiting.stdout.read() == "ok\n"
    assert at_once.exit_code == 1


@pytest.mark.slow
def test_the_wait_ends_with_the_reason() -> None:
    address = f"http://127.0.0.1:{free_port()}"

    ended = CliRunner().invoke(main, ["health", "--mock", address, "--wait", "500ms"])

    assert ended.exit_code == 1
    assert f"the mock at {address} is not healthy after 0.5 s: " in ended.stderr


@pytest.mark.parametrize("value", ["30", "soon"])
def test_an_invalid_wait_is_wrong_usage(value: str) -> None:
    ended = CliRunner().invoke(main, ["health", "--wait", value])

    assert ended.exit_code == 2
    assert "is not a duration" in ended.stderr
