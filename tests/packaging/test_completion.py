"""Shell completion, requested as the shells do: a process of the command with the words typed so far."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from test_schemas import SMALL

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "editor.md"
COMMANDS = ("pass-mock", "pass-conformance", "pass-load")


def asked(command: str, kind: str, words: str = "") -> str:
    variable = f"_{command.upper().replace('-', '_')}_COMPLETE"
    environment = os.environ | {variable: kind, "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    return subprocess.run([BIN / command], env=environment, capture_output=True, text=True, check=False).stdout


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


def test_the_documented_lines_install_completion(tmp_path: Path) -> None:
    """In bash: the documented lines, then what bash runs for the Tab key."""
    found = re.findall(r"^ *```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    blocks = [dedent(block) for block in found]
    tab = """
COMP_WORDS=(pass-mock ke); COMP_CWORD=1
_pass_mock_completion pass-mock
echo "${COMPREPLY[@]}"
"""
    for kind in ("mock", "service", "waivers", "event", "slo"):
        (tmp_path / f"{kind}.toml").write_text(SMALL[kind], "utf-8")
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    lines = "\n".join((*blocks, tab))
    told = subprocess.run(
        ["bash", "-euc", lines], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines() == [
        "mock.toml: good",
        "service.toml: good",
        "waivers.toml: good",
        "event.toml: good",
        "slo.toml: good",
        "keys",
    ]
    assert len(list((tmp_path / "schemas").iterdir())) == 8
    fish = tmp_path / ".config" / "fish" / "completions"
    assert {file.name: "complete --no-files" in file.read_text("utf-8") for file in fish.iterdir()} == {
        f"{command}.fish": True for command in COMMANDS
    }
