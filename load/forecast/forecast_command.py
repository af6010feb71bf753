"""The command `pass-load forecast`. It imports numpy on use, so other commands do not need it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pass_harness.conformance.cli.options import duration, format_option, fresh_seed, progress, publish, reserve
from pass_harness.conformance.reports.formats import Form
from pass_harness.load.event import Event
from pass_harness.load.event_options import event_options
from pass_harness.load.forecast.habits import COMPLIANT, defects, defects_named
from pass_harness.mock_server.cli.options import FILE, completion_of

if TYPE_CHECKING:
    from pass_harness.load.forecast.report import ForecastReport
    from pass_harness.mock_server.formats.durations import Duration


def _html(report: ForecastReport) -> bytes:
    from pass_harness.load.forecast import html_page  # noqa: PLC0415 - see above

    return html_page.encode(report, version("pass-harness"))


def _json(report: ForecastReport) -> bytes:
    from pass_harness.load.forecast import report as reports  # noqa: PLC0415 - see above

    return reports.encode(report)


def _markdown(report: ForecastReport) -> bytes:
    from pass_harness.load.forecast import markdown  # noqa: PLC0415 - see above

    return markdown.encode(report)


FORMS: Mapping[str, Form[ForecastReport]] = {
    "html": Form("report.html", _html),
    "json": Form("report.json", _json),
    "markdown": Form("report.md", _markdown),
}


def _show_defects(context: click.Context, _: click.Parameter, requested: bool) -> None:
    if requested:
        for defect in defects().values():
            click.echo(f"{defect.name}: {defect.sentence}")
        context.exit()


@click.command()
@event_options
@click.option(
    "--trace",
    "traces",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="Recording (JSONL or HAR) to learn the service's habits from [default: a compliant service]; repeatable.",
)
@click.option(
    "--host", "hosts", multiple=True, help="Mock or proxy in a HAR, in addition to Adobe's hosts; repeatable."
)
@click.option(
    "--defect",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=completion_of(defects),
    help="Additional defect of the service (see --defects); repeatable.",
)
@click.option(
    "--defects",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_defects,
    help="List the defects and exit.",
)
@click.option(
    "--instances", type=click.IntRange(1, 10_000), default=1, show_default=True, help="Instances of the service."
)
@click.option(
    "--answers-within",
    callback=duration,
    metavar="TIME",
    help=f"Response time of Adobe Pass [default: {COMPLIANT.answers_within * 1000:g}ms].",
)
@click.option(
    "--clients",
    type=click.Choice(("service", "device")),
    help="Whether the service has one client, or each device its own [default: as in the trace, or service].",
)
@click.option(
    "--token-life",
    callback=duration,
    metavar="TIME",
    help=f"Lifetime of access tokens [default: as in the trace, or {COMPLIANT.token_life / 3600:g}h].",
)
@click.option(
    "--learn",
    "runs",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    metavar="REPORT",
    help="report.json of a run of the same event, to learn the error band from; repeatable.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**64 - 1),
    help="Random seed of the audience [default: a new one for each forecast].",
)
@click.option("--report", "folder", type=FILE, metavar="DIR", help="Folder for the report in all formats.")
@format_option(FORMS)
def forecast(
    event: Event,
    traces: tuple[Path, ...],
    hosts: tuple[str, ...],
    names: tuple[str, ...],
    instances: int,
    answers_within: Duration | None,
    clients: str | None,
    token_life: Duration | None,
    runs: tuple[Path, ...],
    seed: int | None,
    folder: Path | None,
    form: str,
) -> None:
    """Forecast the calls of an audience of any size to Adobe Pass, with and without each defect of the service.

    Exit codes: 0 the forecast was made; 1 it was made, and the trace violates a MUST rule; 2 wrong usage or
    configuration; 3 the trace contains nothing to learn from.
    """
    chosen = defects_named(names)
    reserve(folder)
    from pass_harness.load.forecast.forecast import ForecastOptions  # noqa: PLC0415 - see above
    from pass_harness.load.forecast.forecast import forecast as make  # noqa: PLC0415
    from pass_harness.load.forecast.text import render  # noqa: PLC0415

    inputs = ForecastOptions(
        event=event,
        traces=traces,
        hosts=hosts,
        defects=chosen,
        instances=instances,
        answers_within=COMPLIANT.answers_within if answers_within is None else answers_within.seconds,
        seed=fresh_seed() if seed is None else seed,
        token_life=None if token_life is None else token_life.seconds,
        client_per_device=None if clients is None else clients == "device",
        runs=runs,
    )
    with progress(f"forecast of {event.name}") as announce:
        report = make(inputs, announce)
    publish(report, FORMS, render, folder=folder, form=form, exit_code=report.exit_code)
