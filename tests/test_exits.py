"""Ends of the commands: whatever escapes is one sentence and exit code 3; exit code 1 is for verdicts only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import click
import psutil
import pytest
from click.testing import CliRunner

from pass_harness.conformance.cli.main import main as conformance
from pass_harness.load.cli import main as load
from pass_harness.mock_server.cli.main import main as mock

COMMANDS = {
    "pass-mock": "from pass_harness.mock_server.cli.main import main; main()",
    "pass-conformance": "from pass_harness.conformance.entry import main; main()",
    "pass-load": "from pass_harness.load.entry import main; main()",
}
HAR = Path(__file__).parents[1] / "fixtures" / "traces" / "mock.har"
WRITING = [
    ("pass-mock", "openapi"),
    ("pass-mock", "config", "show"),
    ("pass-mock", "--help"),
    ("pass-conformance", "rules"),
    ("pass-conformance", "rules", "--format", "json"),
    ("pass-conformance", "audit", str(HAR)),
    ("pass-conformance", "audit", str(HAR), "--format", "json"),
    ("pass-load", "--version"),
]


def start(
    command: Sequence[str], stdout: int, *, on_interrupt: signal.Handlers = signal.SIG_DFL
) -> subprocess.Popen[str]:
    name, *arguments = command
    return subprocess.Popen(
        [sys.executable, "-c", COMMANDS[name], *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, on_interrupt),  # noqa: PLW1509 - background jobs ignore it
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_output_to_a_full_disk_is_exit_code_3_and_one_sentence(command: Sequence[str]) -> None:
    with open("/dev/full", "wb") as full:
        process = start(command, full.fileno())
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert errors.splitlines()[-1].endswith(
        "the output cannot be written (No space left on device): write it elsewhere"
    )
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors


@pytest.mark.slow
@pytest.mark.parametrize("command", [WRITING[0], *WRITING[3:7]], ids=" ".join)
def test_output_to_a_closed_pipe_is_exit_code_3_and_one_sentence(command: Sequence[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = start(command, writing)
    os.close(writing)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert errors.splitlines()[-1].endswith("the output cannot be written (Broken pipe): write it elsewhere")


@pytest.mark.slow
def test_an_interrupt_is_exit_code_130(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "trace.jsonl")
    process = start(("pass-conformance", "audit", str(tmp_path / "trace.jsonl")), subprocess.DEVNULL)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("judging")
    # An interrupt just before the call that opens the pipe is lost until the next one.
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
    _, errors = process.communicate()
    assert (process.returncode, errors) == (130, "interrupted\n")


@pytest.mark.slow
@pytest.mark.parametrize("in_background", [False, True])
@pytest.mark.parametrize(
    "command",
    [("pass-conformance", "demo"), ("pass-load", "run", "--event", "kickoff"), ("pass-load", "bench")],
    ids=" ".join,
)
def test_sigterm_ends_the_child_processes_too(command: Sequence[str], in_background: bool) -> None:
    process = start(command, subprocess.DEVNULL, on_interrupt=signal.SIG_IGN if in_background else signal.SIG_DFL)
    running = psutil.Process(process.pid)
    deadline = time.monotonic() + 60
    while len(children := running.children(recursive=True)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(children) >= 2
    process.terminate()
    _, errors = process.communicate(timeout=60)
    _, alive = psutil.wait_procs(children, timeout=10)
    for child in alive:
        child.kill()
    assert (process.returncode, errors.splitlines()[-1], alive) == (143, "terminated", [])


@pytest.mark.parametrize(
    ("command", "arguments", "replaced"),
    [
        (conformance, ["check", "--service", "s.toml"], "pass_harness.conformance.cli.main.check_files"),
        (load, ["check", "--event", "e.toml"], "pass_harness.load.cli.check_files"),
        (mock, ["config", "show"], "pass_harness.mock_server.config.loading.load_settings"),
    ],
    ids=["pass-conformance", "pass-load", "pass-mock"],
)
def test_an_internal_error_is_exit_code_3_and_one_sentence_without_secrets(
    command: click.Command, arguments: list[str], replaced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("client_secret=s3cret")

    monkeypatch.setattr(replaced, fail)
    monkeypatch.delenv("PASS_HARNESS_DEBUG", raising=False)
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 3
    assert "internal error: KeyError in " in result.output
    assert len(result.output.splitlines()) == 1
    assert "s3cret" not in result.output
    monkeypatch.setenv("PASS_HARNESS_DEBUG", "1")
    result = CliRunner().invoke(command, arguments)
    assert "Traceback" in result.output
    assert "sha256:" in result.output
    assert "s3cret" not in result.output


@pytest.mark.parametrize(
    ("given", "code", "words"), [("", 2, "the input ended"), (KeyboardInterrupt, 130, "interrupted")]
)
def test_a_prompt_without_an_answer_is_no_verdict(
    given: str | type[BaseException], code: int, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not isinstance(given, str):

        def interrupt(*_: object, **__: object) -> str:
            raise click.Abort

        monkeypatch.setattr(click, "prompt", interrupt)
    result = CliRunner().invoke(conformance, ["init", "--output", str(tmp_path / "service.toml")], input="")
    assert result.exit_code == code
    assert words in result.output
