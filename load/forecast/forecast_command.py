"""The command `pass-load forecast`. numpy is imported by those who want a forecast, and not by every `pass-load`."""

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
from pass_harness.load.forecast.habits import COMPLIANT, defects, flaws_named
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


def _show_defects(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        for flaw in defects().values():
            click.echo(f"{flaw.name}: {flaw.sentence}")
        context.exit()


@click.command()
@event_options
@click.option(
    "--trace",
    "traces",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="Learn the service's habits from this recording (JSONL or HAR); without one they are those of a compliant "
    "service. Repeatable.",
)
@click.option(
    "--host", "hosts", multiple=True, help="A mock or proxy in a HAR, besides Adobe's own hosts; repeatable."
)
@click.option(
    "--defect",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=completion_of(defects),
    help="What the service does wrong besides (see --defects).",
)
@click.option(
    "--defects", is_flag=True, is_eager=True, expose_value=False, callback=_show_defects, help="List them, and end."
)
@click.option("--instances", type=click.IntRange(1, 10_000), default=1, show_default=True, help="Of the service.")
@click.option(
    "--answers-within",
    callback=duration,
    metavar="TIME",
    help=f"How long Adobe Pass takes to answer [default: {COMPLIANT.answers_within * 1000:g}ms].",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), help="Of the audience and of chance [default: another each time]."
)
@click.option("--report", "folder", type=FILE, metavar="DIR", help="Also write the report there, in all forms.")
@format_option(FORMS)
def forecast(
    event: Event,
    traces: tuple[Path, ...],
    hosts: tuple[str, ...],
    names: tuple[str, ...],
    instances: int,
    answers_within: Duration | None,
    seed: int | None,
    folder: Path | None,
    form: str,
) -> None:
    """Say what an audience of any size would ask of Adobe Pass, with and without what the service does wrong.

    Exit codes: 0 the forecast was made; 1 and the trace violates a MUST rule; 2 wrong usage or configuration; 3 there
    is nothing in the trace to learn from.
    """
    wrong = flaws_named(names)
    reserve(folder)
    from pass_harness.load.forecast.forecast import Wanted  # noqa: PLC0415 - see above
    from pass_harness.load.forecast.forecast import forecast as make  # noqa: PLC0415
    from pass_harness.load.forecast.text import render  # noqa: PLC0415

    wanted = Wanted(
        event=event,
        traces=traces,
        hosts=hosts,
        defects=wrong,
        instances=instances,
        answers_within=COMPLIANT.answers_within if answers_within is None else answers_within.seconds,
        seed=fresh_seed() if seed is None else seed,
    )
    with progress(f"forecast of {event.name}") as announce:
        report = make(wanted, announce)
    publish(report, FORMS, render, folder=folder, form=form, exit_code=report.exit_code)
