"""Every command and subcommand has help, for `--help` and for `-h`."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from docs.tooling.reference import COMMANDS


def words(command: click.Command, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words that call a command and each of its subcommands."""
    yield before
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from words(below, (*before, name))


CALLS = [(program, call) for program, command in COMMANDS.items() for call in words(command)]


@pytest.mark.parametrize(("program", "call"), CALLS, ids=[" ".join((program, *call)) for program, call in CALLS])
def test_the_short_option_gives_the_same_help(program: str, call: tuple[str, ...]) -> None:
    long, short = (CliRunner().invoke(COMMANDS[program], [*call, option]) for option in ("--help", "-h"))
    assert (short.exit_code, long.exit_code) == (0, 0)
    assert short.output == long.output
    assert "-h, --help" in short.output
