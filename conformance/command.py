"""What the commands have in common: errors as one sentence, progress, and reports on stdout and in files.

Machine formats go to stdout alone; progress and errors go to stderr.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from conformance.errors import ConfigError, HarnessError
from conformance.runner import Announce

WRONG_USAGE, UNJUDGED, INTERRUPTED = 2, 3, 130


class CommandGroup(click.Group):
    """Turns the suite's errors into one sentence and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            _end(f"CONFIG: {error}", WRONG_USAGE)
        except HarnessError as error:
            _end(f"HARNESS: {error}", UNJUDGED)
        except KeyboardInterrupt:
            _end("interrupted", INTERRUPTED)


def fresh_seed() -> int:
    """Another one for each run: a service that remembers its devices shall take these for new."""
    return secrets.randbits(64)


@contextmanager
def progress(doing: str) -> Iterator[Announce]:
    """A spinner on a terminal, plain lines elsewhere; both on stderr."""
    console = Console(stderr=True, soft_wrap=True)

    def announce(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    if console.is_terminal:
        with console.status(doing):
            yield announce
    else:
        announce(doing)
        yield announce


def reserve(folder: Path | None) -> None:
    """Makes the folder of the report, so that a long run does not end with nowhere to write to."""
    if folder is not None:
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)


def publish(
    encoded: bytes, render: Callable[[Console], None], *, folder: Path | None, form: str, exit_code: int
) -> NoReturn:
    """Shows a report, as JSON or as ``render`` prints it, writes both to the folder if there is one, and ends."""
    if form == "json":
        click.echo(encoded, nl=False)
    else:
        render(Console())
    if folder is not None:
        _write(encoded, render, folder)
        click.echo(f"report: {folder / 'report.json'}, {folder / 'report.txt'}", err=True)
    sys.exit(exit_code)


def _write(encoded: bytes, render: Callable[[Console], None], folder: Path) -> None:
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_bytes(encoded)
        with (folder / "report.txt").open("w", encoding="utf-8") as file:
            render(Console(file=file, width=118))


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{folder}: the report cannot be written ({error.strerror}); name another DIR") from error


def _end(sentence: str, code: int) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(code)
