"""Options, errors, progress and output that several commands share.

Reports go to stdout and to files; progress and errors go to stderr.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NoReturn, TypeVar

import click
from rich.console import Console

from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.outcomes import Architecture
from pass_harness.conformance.printable import presentable, printable_lines
from pass_harness.conformance.reports.formats import Form
from pass_harness.fixtures.programmer_service.defects import DEFECTS
from pass_harness.fixtures.programmer_service.liberties import LIBERTIES
from pass_harness.mock_server.cli.exits import FAILED, WRONG_USAGE, Group
from pass_harness.mock_server.cli.options import completion_of, parsed_with
from pass_harness.mock_server.formats.atomic_file import replace_file
from pass_harness.mock_server.formats.durations import parse_duration
from pass_harness.mock_server.journal.masking import mask_text

if TYPE_CHECKING:
    from pass_harness.conformance.running.judged_run import Announce

R = TypeVar("R")
FC = TypeVar("FC", bound=Callable[..., object])
TEXT, TEXT_FILE = "text", "report.txt"
"""The text format, in colour on a terminal, and its file in the folder of a report."""
UNJUDGED = 3
"""Exit code where nothing, or not everything, could be judged."""

defect_option = click.option(
    "--defect",
    "defects",
    multiple=True,
    metavar="NAME",
    shell_complete=completion_of(DEFECTS.keys),
    help="Activate this defect of the example service; repeatable.",
)
liberty_option = click.option(
    "--liberty",
    "liberties",
    multiple=True,
    metavar="NAME",
    shell_complete=completion_of(LIBERTIES.keys),
    help="Let the example service take this liberty, a choice that Adobe allows; repeatable.",
)

architecture_option = click.option(
    "--architecture",
    type=click.Choice([architecture.value for architecture in Architecture]),
    callback=lambda _context, _option, given: Architecture(given) if given else None,
    help="Who calls Adobe Pass: a server for its devices, or the apps themselves [default: what the traffic shows].",
)


duration = parsed_with(parse_duration)
"""Callback of options that take a duration, like 30s or 5m."""


class CommandGroup(Group):
    """A group of commands whose errors name their cause: CONFIG is wrong usage, HARNESS a failure of the harness."""

    prefixes: ClassVar[Mapping[int, str]] = {WRONG_USAGE: "CONFIG: ", FAILED: "HARNESS: "}

    def ending(self, error: BaseException) -> tuple[str, int]:
        return (str(error), FAILED) if isinstance(error, HarnessError) else super().ending(error)


class ReportConsole(Console):
    """The console of a report on stdout. A closed pipe is an error like a full disk; Rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def check_files(readers: Mapping[Path | None, Callable[[Path], object]]) -> None:
    """Read each file that is named, and print that it is valid. Raises `ConfigError` for the first invalid one."""
    given = {path: read for path, read in readers.items() if path is not None}
    if not given:
        raise click.UsageError("name at least one file")
    for path, read in given.items():
        read(path)
        click.echo(f"{path}: good")


def fresh_seed() -> int:
    """Return a random seed, so that each run has new devices, unknown to a service that remembers earlier ones."""
    return secrets.randbits(64)


@contextmanager
def progress(activity: str) -> Iterator[Announce]:
    """Show progress on stderr, with a spinner on a terminal. Yield a function that prints a line."""
    console = Console(stderr=True, soft_wrap=True)

    def announce(line: str) -> None:
        console.print(printable_lines(mask_text(line)), markup=False, highlight=False)

    if console.is_terminal:
        with console.status(activity):
            yield announce
    else:
        announce(activity)
        yield announce


def format_option(forms: Mapping[str, Form[R]]) -> Callable[[FC], FC]:
    """Return the option ``--format``, the format of the report on stdout."""
    return click.option(
        "--format",
        "form",
        type=click.Choice([TEXT, *forms]),
        default=TEXT,
        show_default=True,
        help="Format of the report on stdout.",
    )


def reserve(folder: Path | None) -> None:
    """Make the folder of the report before a long run, so that an unwritable one is an error at once."""
    if folder is not None:
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)


def publish(
    report: R,
    forms: Mapping[str, Form[R]],
    render: Callable[[R, Console], None],
    *,
    folder: Path | None,
    form: str,
    exit_code: int,
) -> NoReturn:
    """Print a report as ``form`` (``render`` prints text), write every form to ``folder``, and exit."""
    if form == TEXT:
        render(presentable(report), ReportConsole())
    else:
        click.echo(forms[form].encode(report), nl=False)
    if folder is not None:
        files = {other.file: other.encode(report) for other in forms.values()} | {TEXT_FILE: _text(report, render)}
        _write(files, folder)
        click.echo(f"report: {', '.join(str(folder / name) for name in files)}", err=True)
    sys.exit(exit_code)


def _text(report: R, render: Callable[[R, Console], None]) -> bytes:
    out = io.StringIO()
    render(presentable(report), Console(file=out, width=118))
    return out.getvalue().encode("utf-8", "replace")


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            replace_file(folder / name, content)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{folder}: the report cannot be written ({error.strerror}); name another DIR") from error
