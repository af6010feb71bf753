"""The command ``pass-mock compare``: recorded answers of Adobe Pass, compared with the mock.

It is a command of the mock, and stands in the suite because it reads records as the suite does.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from pass_harness.mock_server.cli.options import FILE


@click.command()
@click.argument("records", nargs=-1, required=True, type=FILE, metavar="RECORD…")
@click.option(
    "--host", "hosts", multiple=True, help="Host that counts as Adobe Pass, besides Adobe's own hosts; repeatable."
)
@click.option("--config", type=FILE, help="Configuration file (TOML) of the mock, for its lifetimes.")
@click.option(
    "--known", "earlier", type=FILE, metavar="REPORT", help="Earlier report (JSON), whose differences do not count."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def compare(
    records: tuple[Path, ...], hosts: tuple[str, ...], config: Path | None, earlier: Path | None, form: str
) -> None:
    """Compare recorded answers of Adobe Pass with those of the mock.

    RECORD is a recording of `pass-mock proxy --record`, or a HAR archive of a real environment. The report
    contains no value of the record but documented words, statuses and lifetimes. Exit codes: 0 no difference,
    1 differences.
    """
    # Imported here: the mock is slow to import, and the other commands start faster without it.
    from pass_harness.conformance.fidelity.records import compare as compare_records  # noqa: PLC0415
    from pass_harness.conformance.fidelity.report import text  # noqa: PLC0415
    from pass_harness.mock_server.config.loading import load_settings  # noqa: PLC0415

    report = compare_records(records, load_settings(config), hosts=hosts, earlier=earlier)
    click.echo(msgspec.json.format(msgspec.json.encode(report)).decode() if form == "json" else text(report))
    sys.exit(report.exit_code)
