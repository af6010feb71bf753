"""The command ``pass-conformance history``, and the options of the commands that write a history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from pass_harness.conformance.cli.options import ReportConsole
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports.history import allure, listing
from pass_harness.conformance.reports.history.folder import Records, keep, read
from pass_harness.conformance.reports.history.model import KEPT, SHOWN, HistoryReport, RunRecord, Series
from pass_harness.conformance.reports.history.trends import summary
from pass_harness.mock_server.cli.options import FILE
from pass_harness.mock_server.formats.atomic_file import replace_file

FC = TypeVar("FC", bound=Callable[..., object])
RUNS, FINDINGS = "runs", "findings"


def history_options(command: FC) -> FC:
    """Add ``--history`` and ``--history-name`` to a command, which receives them by these names."""
    folder = click.option(
        "--history", type=FILE, metavar="DIR", help="Folder that keeps a record of each run, for a history."
    )
    name = click.option(
        "--history-name",
        default="",
        metavar="NAME",
        help="Name of the service in the history [default: the judged files, or the address].",
    )
    return folder(name(command))


def remember(folder: Path, record: RunRecord) -> HistoryReport | None:
    """Add a run to a history, and return its summary. If the folder cannot be written, print why and return None.

    A run takes long, so its report is published although the history lacks it.
    """
    try:
        records = keep(folder, record)
    except ConfigError as error:
        click.echo(f"CONFIG: {error}", err=True)
        return None
    _announce_skipped(records)
    return summary(record.series, records.runs, folder=str(folder))


@click.command()
@click.argument("folder", type=FILE, metavar="DIR")
@click.option("--name", "names", multiple=True, metavar="NAME", help="Only runs of this service; repeatable.")
@click.option("--command", "commands", multiple=True, metavar="NAME", help="Only runs of this command; repeatable.")
@click.option(
    "--last",
    type=click.IntRange(1, KEPT),
    metavar="N",
    help=f"Only the latest N runs of each service [default: {SHOWN} in text, else all].",
)
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.option(
    "--table",
    type=click.Choice([RUNS, FINDINGS]),
    default=RUNS,
    show_default=True,
    help="Rows of --format csv: a run, or a finding of a run.",
)
@click.option(
    "--allure",
    "allure_folder",
    type=FILE,
    metavar="DIR",
    help="Write results and history for Allure Report to this new folder instead.",
)
def history(
    folder: Path,
    names: tuple[str, ...],
    commands: tuple[str, ...],
    last: int | None,
    form: str,
    table: str,
    allure_folder: Path | None,
) -> None:
    """Print the history of runs that --history DIR keeps: verdicts, and since when each finding stands.

    Runs are compared with those of the same service, command and live event.
    """
    records = read(folder)
    _announce_skipped(records)
    chosen = [
        one
        for one in records.series()
        if (not names or one.name in names) and (not commands or one.command in commands)
    ]
    if not chosen:
        raise ConfigError(_nothing(records))
    shown = last or (SHOWN if form == "text" and allure_folder is None else KEPT)
    runs = [run for one in chosen for run in records.series()[one][-shown:]]
    if allure_folder is not None:
        _write_allure(allure_folder, chosen, runs)
    elif form == "json":
        click.echo(listing.as_json(records, chosen, shown=shown), nl=False)
    elif form == "csv":
        text = listing.runs_as_csv(runs) if table == RUNS else listing.findings_as_csv(runs)
        click.echo(text.encode(), nl=False)
    else:
        listing.render(records, chosen, ReportConsole(), shown=shown)


def _announce_skipped(records: Records) -> None:
    for sentence in records.skipped:
        click.echo(f"history: {sentence}", err=True)


def _nothing(records: Records) -> str:
    if not records.runs:
        return f"{records.folder}: the history has no run; write one with --history {records.folder}"
    known = "; ".join(map(str, records.series()))
    return f"{records.folder}: no run of the history has this --name and --command; it has: {known}"


def _write_allure(folder: Path, chosen: Sequence[Series], runs: Sequence[RunRecord]) -> None:
    if len(chosen) > 1:
        several = "; ".join(map(str, chosen))
        raise ConfigError(f"--allure needs the runs of one service; choose one with --name and --command: {several}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):  # Allure would read older results as retries
            raise ConfigError(f"{folder}: is not empty; name a new folder with --allure")
        (folder / allure.RESULTS).mkdir()
        for name, content in allure.files(runs, {rule.card.id: rule.card for rule in all_rules()}).items():
            replace_file(folder / name, content)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror}); name another folder") from error
    click.echo(f"allure: {folder / allure.RESULTS}, {folder / allure.HISTORY}", err=True)
