"""The command ``pass-mock openapi``: prints the OpenAPI documents of the mock, or compares others with one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import msgspec

from pass_harness.mock_server.cli.options import FILE, exit_with_usage_error
from pass_harness.mock_server.openapi.comparison import differences
from pass_harness.mock_server.openapi.departures import departure_of
from pass_harness.mock_server.openapi.document_reader import Document, UnreadableDocument, read_document

_SERVER = "http://127.0.0.1:8300"


@click.command()
@click.option("--diff", is_flag=True, help="Compare FILES, OpenAPI documents of Adobe Pass, with that of the mock.")
@click.option("--all", "show_all", is_flag=True, help="With --diff: list known differences too, with their reasons.")
@click.option("--control", is_flag=True, help="Print the document of the control API instead.")
@click.argument("files", nargs=-1, type=FILE)
def openapi(diff: bool, show_all: bool, control: bool, files: tuple[Path, ...]) -> None:
    """Print the OpenAPI document of Adobe Pass as the mock simulates it.

    With --control, print the OpenAPI document of the control API.

    With --diff, print its differences from FILES instead. The exit code is then 0 if every difference is known
    (docs/reference/departures.md), else 1.
    """
    # Imported here: the endpoints are slow to import, and the other commands start faster without them.
    from pass_harness.mock_server.openapi.control_document import control_document  # noqa: PLC0415
    from pass_harness.mock_server.openapi.document import document  # noqa: PLC0415
    from pass_harness.mock_server.routes import CONTROL_CALLS, ENDPOINTS  # noqa: PLC0415

    if control:
        if diff or files or show_all:
            exit_with_usage_error("--control prints a document: use it without FILES, --diff and --all")
        _print(control_document([(method, path) for method, path, _ in CONTROL_CALLS], _SERVER))
        return
    if not diff:
        if files or show_all:
            exit_with_usage_error("FILES and --all need --diff: pass-mock openapi --diff FILE…")
        _print(document(ENDPOINTS, _SERVER))
        return
    if not files:
        exit_with_usage_error(
            "--diff needs a file: name at least one OpenAPI document, pass-mock openapi --diff FILE…"
        )
    ours = msgspec.convert(document(ENDPOINTS), Document)
    unknown = 0
    for file in files:
        try:
            lines, found = _compared(file, ours, show_all=show_all)
        except UnreadableDocument as error:
            exit_with_usage_error(f"{file}: {error}")
        click.echo("\n".join(lines))
        unknown += found
    sys.exit(1 if unknown else 0)


def _print(written: Mapping[str, Any]) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(written)).decode())


def _compared(file: Path, ours: Document, *, show_all: bool) -> tuple[list[str], int]:
    """Return the lines of the report on one file, and the number of unknown differences."""
    theirs = read_document(file)
    found = [(difference, departure_of(difference)) for difference in differences(theirs, ours)]
    unknown = sum(departure is None for _, departure in found)

    def report() -> Iterator[str]:
        operations = sum(1 for _ in theirs.operations())
        yield (
            f"{file} ({theirs.info.title} {theirs.info.version}): {operations} operations,"
            f" {unknown} differences, and {len(found) - unknown} known"
        )
        shown = [pair for pair in found if show_all or pair[1] is None]
        for operation, group in groupby(shown, key=lambda pair: pair[0].operation):
            yield f"  {operation}"
            for difference, departure in group:
                known = f"  [{departure.id}: {departure.reason}]" if departure else ""
                yield f"    {difference.place} {difference.finding}{known}"

    return list(report()), unknown
