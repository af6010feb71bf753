"""What the commands have in common: errors as one sentence, progress, and reports on stdout and in files.

Machine formats go to stdout alone; progress and errors go to stderr.
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
"""The form for people, which a terminal shows in colour; the others are bytes."""
WRONG_USAGE, UNJUDGED, INTERRUPTED = 2, 3, 130

defect_option = click.option(
    "--defect",
    "defects",
    multiple=True,
    metavar="NAME",
    shell_complete=completion_of(DEFECTS.keys),
    help="Make the example service misbehave.",
)


duration = parsed_with(parse_duration)
"""The callback of options that take a length of time."""


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


def check_files(readers: Mapping[Path | None, Callable[[Path], object]]) -> None:
    """Reads each file that was given, and says that it can be used."""
    given = {path: read for path, read in readers.items() if path is not None}
    if not given:
        raise click.UsageError("name at least one file")
    for path, read in given.items():
        read(path)
        click.echo(f"{path}: good")


def fresh_seed() -> int:
    """Another one for each run: a service that remembers its devices shall take these for new."""
    return secrets.randbits(64)


@contextmanager
def progress(doing: str) -> Iterator[Announce]:
    """A spinner on a terminal, plain lines elsewhere; both on stderr."""
    console = Console(stderr=True, soft_wrap=True)

    def announce(line: str) -> None:
        console.print(printable_lines(line), markup=False, highlight=False)

    if console.is_terminal:
        with console.status(doing):
            yield announce
    else:
        announce(doing)
        yield announce


def format_option(forms: Mapping[str, Form[R]]) -> Callable[[FC], FC]:
    """``--format``: the form in which a report goes to stdout."""
    return click.option(
        "--format", "form", type=click.Choice([TEXT, *forms]), default=TEXT, show_default=True, help="Of stdout."
    )


def reserve(folder: Path | None) -> None:
    """Makes the folder of the report, so that a long run does not end with nowhere to write to."""
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
    """Shows a report in one of the forms, or as ``render`` prints it, writes all of them to the folder, and ends."""
    if form == TEXT:
        render(report, Console())
    else:
        click.echo(forms[form].encode(report), nl=False)
    if folder is not None:
        files = {made.file: made.encode(report) for made in forms.values()} | {TEXT_FILE: _text(report, render)}
        _write(files, folder)
        click.echo(f"report: {', '.join(str(folder / name) for name in files)}", err=True)
    sys.exit(exit_code)


def _text(report: R, render: Callable[[R, Console], None]) -> bytes:
    out = io.StringIO()
    render(report, Console(file=out, width=118))
    return out.getvalue().encode("utf-8", "replace")


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    """All or none of a file is there, whenever someone looks: each is written beside its place and then moved in."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            beside = folder / f".{name}.{secrets.token_hex(4)}"
            try:
                beside.write_bytes(content)
                beside.replace(folder / name)
            finally:
                beside.unlink(missing_ok=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{folder}: the report cannot be written ({error.strerror}); name another DIR") from error


def _end(sentence: str, code: int) -> NoReturn:
    click.echo(printable_lines(sentence), err=True)
    sys.exit(code)
