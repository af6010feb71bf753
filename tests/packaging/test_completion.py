"""Completion in the shell, as the shells ask for it: a process of the command with the words typed so far."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = ("pass-mock", "pass-conformance", "pass-load")


def asked(command: str, kind: str, words: str = "") -> str:
    variable = f"_{command.upper().replace('-', '_')}_COMPLETE"
    environment = os.environ | {variable: kind, "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    program = Path(sys.executable).with_name(command)
    return subprocess.run([program], env=environment, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "complete -o nosort -F _{function}_completion {command}\n"),
        ("zsh", "#compdef {command}"),
        ("fish", "complete --no-files --command {command}"),
    ],
)
def test_each_shell_gets_its_script(command: str, shell: str, line: str, tmp_path: Path) -> None:
    script = asked(command, f"{shell}_source")
    assert line.format(command=command, function=command.replace("-", "_")) in script
    if shutil.which(shell) is not None:
        (tmp_path / "script").write_text(script, "utf-8")
        subprocess.run([shell, "-n", tmp_path / "script"], check=True)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("pass-mock so", "plain,software-statement"),
        ("pass-mock proxy --up", "plain,--upstream"),
        ("pass-mock serve --config ", "file,"),
        ("pass-mock serve --preset mvpd-d", "plain,mvpd-down"),
        ("pass-mock schema m", "plain,mock"),
        ("pass-conformance explain authentication.poll-int", "plain,authentication.poll-interval"),
        ("pass-conformance run --select configuration.ca", "plain,configuration.cached"),
        ("pass-conformance run --service ", "file,"),
        ("pass-conformance demo --defect poll-every", "plain,poll-every-second"),
        ("pass-load run --event kick", "plain,kickoff\nfile,kick"),
        ("pass-load check --slo ", "file,"),
    ],
)
def test_the_tab_key_completes(words: str, found: str) -> None:
    assert asked(words.split(maxsplit=1)[0], "bash_complete", words).strip() == found


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to ask")
def test_bash_itself_completes() -> None:
    """The line of the docs, and then what bash does at the Tab key."""
    lines = """
eval "$(_PASS_MOCK_COMPLETE=bash_source pass-mock)"
COMP_WORDS=(pass-mock ke); COMP_CWORD=1
_pass_mock_completion pass-mock
echo "${COMPREPLY[@]}"
"""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    told = subprocess.run(["bash", "-c", lines], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout == "keys\n"
