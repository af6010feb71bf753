"""The commands `check`: validate files before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from test_schemas import SMALL

from pass_harness.conformance.cli.main import main as pass_conformance
from pass_harness.load.cli import main as pass_load

COMMANDS = {
    "service": pass_conformance,
    "waivers": pass_conformance,
    "event": pass_load,
    "slo": pass_load,
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_valid_file_is_reported_as_valid(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"{kind}.toml"
    file.write_text(SMALL[kind], "utf-8")
    done = CliRunner().invoke(COMMANDS[kind], ["check", f"--{kind}", str(file)])
    assert (done.exit_code, done.stdout) == (0, f"{file}: good\n")


@pytest.mark.parametrize("kind", COMMANDS)
def test_an_error_has_line_and_column(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"{kind}.toml"
    file.write_text(f"{SMALL[kind]}\n  [tabel]\n", "utf-8")
    line = SMALL[kind].count("\n") + 2
    done = CliRunner().invoke(COMMANDS[kind], ["check", f"--{kind}", str(file)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"CONFIG: {file}:{line}:3: there is no ")


@pytest.mark.parametrize("command", [pass_conformance, pass_load])
def test_a_missing_argument_is_wrong_usage(command: object) -> None:
    done = CliRunner().invoke(command, ["check"])  # type: ignore[arg-type]
    assert done.exit_code == 2
    assert "name at least one file" in done.stderr
