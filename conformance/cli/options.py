"""Options, errors, progress and output that several commands share.

Reports go to stdout and to files; progress and errors go to stderr.
"""

from __future__ import annotations

import io
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click
from rich.console import Console

from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.printable import printable_lines
from pass_harness.conformance.reports.formats import Form
from pass_harness.fixtures.programmer_service.defects import DEFECTS
from pass_harness.mock_server.cli.options import completion_of, parsed_with
from pass_harness.mock_server.formats.durations import parse_duration

if TYPE_CHECKING:
    from pass_harness.conformance.running.judged_run import Announce

R = TypeVar("R")
FC = TypeVar("FC", bound=Callable[..., object])
TEXT, TEXT_FILE = "text", "report.txt"
"""The text format, in colour on a terminal, and its file in the folder of a report."""
WRONG_USAGE, UNJUDGED, INTERRUPTED = 2, 3, 130

defect_option = click.option(
    "--defect",
    "defects",
    multiple=True,
    metavar="NAME",
    shell_complete=completion_of(DEFECTS.keys),
    help="Activate this defect of the example service; repeatable.",
)


duration = parsed_with(parse_duration)
"""Callback of options that take a duration, like 30s or 5m."""


class CommandGroup(click.Group):
    """A group that prints the suite's errors as one sentence and exits with their code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            _exit(f"CONFIG: {error}", WRONG_USAGE)
        except HarnessError as error:
            _exit(f"HARNESS: {error}", UNJUDGED)
        except KeyboardInterrupt:
            _exit("interrupted", INTERRUPTED)


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
        console.print(printable_lines(line), markup=False, highlight=False)

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
        render(report, Console())
    else:
        click.echo(forms[form].encode(report), nl=False)
    if folder is not None:
        files = {other.file: other.encode(report) for other in forms.values()} | {TEXT_FILE: _text(report, render)}
        _write(files, folder)
        click.echo(f"report: {', '.join(str(folder / name) for name in files)}", err=True)
    sys.exit(exit_code)


def _text(report: R, render: Callable[[R, Console], None]) -> bytes:
    out = io.StringIO()
    render(report, Console(file=out, width=118))
    return out.getvalue().encode("utf-8", "replace")


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files atomically: each to a temporary name, then renamed."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            temporary = folder / f".{name}.{secrets.token_hex(4)}"
            try:
                temporary.write_bytes(content)
                temporary.replace(folder / name)
            finally:
                temporary.unlink(missing_ok=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{folder}: the report cannot be written ({error.strerror}); name another DIR") from error


def _exit(sentence: str, code: int) -> NoReturn:
    click.echo(printable_lines(sentence), err=True)
    sys.exit(code)
