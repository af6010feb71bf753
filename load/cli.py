"""The command `pass-load`. Machine-readable formats go to stdout; progress and errors go to stderr."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from pass_harness.conformance import rule_sets
from pass_harness.conformance.cli.history_command import history_options, remember
from pass_harness.conformance.cli.options import (
    CommandGroup,
    check_files,
    defect_option,
    format_option,
    fresh_seed,
    progress,
    publish,
    reserve,
)
from pass_harness.conformance.cli.run_options import rules_option, select_option
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.reports.formats import FORMS as RULE_FORMS
from pass_harness.conformance.reports.formats import Form
from pass_harness.conformance.reports.history import folder as histories
from pass_harness.load import event as events
from pass_harness.load import slo as objectives
from pass_harness.load.audience import require_addresses
from pass_harness.load.bench.bench_command import bench
from pass_harness.load.event import Event
from pass_harness.load.event_options import event_options
from pass_harness.load.forecast.forecast_command import forecast
from pass_harness.load.locust_process import LocustOptions, locust_command
from pass_harness.load.report import markdown
from pass_harness.load.report.history import record_of
from pass_harness.load.report.model import LoadReport, encode
from pass_harness.load.report.text import render
from pass_harness.load.run import RunSpec, run_event
from pass_harness.load.targets import TargetOptions, target
from pass_harness.mock_server.cli.exits import WRONG_USAGE
from pass_harness.mock_server.cli.options import (
    DEFAULT_MOCK,
    FILE,
    HELP,
    FiniteRange,
    control_token_option,
    schema_command,
)


def _html(report: LoadReport) -> bytes:
    from pass_harness.load.report import html  # noqa: PLC0415 - only HTML reports need the templates

    return html.encode(report, version("pass-harness"))


def _rules(report: LoadReport) -> bytes:
    return RULE_FORMS["html"].encode(report.conformance)


FORMS: Mapping[str, Form[LoadReport]] = {
    "html": Form("report.html", _html),
    "json": Form("report.json", encode),
    "markdown": Form("report.md", markdown.encode),
    "rules": Form("rules.html", _rules),
}


@click.group(cls=CommandGroup, context_settings=HELP)
@click.version_option(package_name="pass-harness")
def main() -> None:
    """Run load tests of live events against a Programmer Service, with conformance rules that judge its calls.

    Exit codes: 0 passed; 1 a MUST rule or a limit is violated; 2 wrong usage or configuration; 3 the run is invalid.
    """


def target_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select the load target."""
    options = (
        click.option(
            "--service", type=FILE, metavar="SERVICE.toml", help="Service under test: the verbs of service.toml."
        ),
        click.option(
            "--mock",
            metavar="URL",
            help=f"Mock behind the service [default: [mock] url, or {DEFAULT_MOCK}]. Without --service: load target.",
        ),
        control_token_option,
        click.option("--host", metavar="URL", help="Adobe Pass-like host to call directly, without a service."),
        click.option("--software-statement", type=FILE, metavar="FILE", help="Software statement for --host."),
        click.option(
            "--service-provider",
            default="REF30",
            show_default=True,
            help="Service provider id for --host and --mock.",
        ),
        defect_option,
        click.option("--allow-remote", is_flag=True, help="Allow targets on other machines. Get permission first."),
        click.option(
            "--rate",
            type=FiniteRange(0.001, 1e6),
            help="Maximum calls per second; required for other machines.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def locust_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that are passed on to Locust."""
    options = (
        click.option(
            "--processes", type=click.IntRange(0, 64), default=0, help="Number of worker processes on this machine."
        ),
        click.option(
            "--expect-workers",
            type=click.IntRange(0, 1000),
            default=0,
            help="Number of `pass-load worker` processes to wait for.",
        ),
        click.option(
            "--bind-host",
            default="127.0.0.1",
            show_default=True,
            help="Address that the master listens on for workers.",
        ),
        click.option(
            "--bind-port", type=click.IntRange(1, 65534), default=5557, show_default=True, help="Port for workers."
        ),
        click.option("--web-port", type=click.IntRange(1, 65535), help="Port of Locust's web page on 127.0.0.1."),
        click.option("--csv", metavar="PREFIX", help="Prefix of the CSV files that Locust writes."),
        click.option("--html", metavar="FILE", help="File for Locust's own HTML report."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@main.command()
@event_options
@click.option("--slo", "slo_file", type=FILE, metavar="SLO.toml", help="Limits for latency, errors and calls.")
@select_option
@rules_option
@click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), help="Random seed of the audience [default: a new one for each run]."
)
@click.option("--report", "folder", type=FILE, metavar="DIR", help="Folder for the report in all formats.")
@history_options
@format_option(FORMS)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    help="Serve Prometheus metrics of the run on 127.0.0.1, at /metrics, while it lasts.",
)
@target_options
@locust_options
def run(
    event: Event,
    slo_file: Path | None,
    patterns: tuple[str, ...],
    rule_set: str | None,
    seed: int | None,
    folder: Path | None,
    form: str,
    metrics_port: int | None,
    history: Path | None,
    history_name: str,
    **options: Any,  # noqa: ANN401 - options of the two groups above
) -> None:
    """Run an event against a service. Without a target: against the example service, with a mock of its own."""
    chosen = rule_sets.named(rule_set).select(patterns)
    slo = objectives.load(slo_file) if slo_file else None
    require_addresses(event)
    reserve(folder)
    histories.reserve(history)
    selected = TargetOptions(**{field.name: options.pop(field.name) for field in fields(TargetOptions)})
    locust = LocustOptions(**options)
    if locust.processes and locust.expect_workers:
        raise ConfigError("--processes starts the workers of this run: leave out --expect-workers")
    if locust.html:  # Locust writes it after the event
        if Path(locust.html).is_dir():
            raise ConfigError(f"--html {locust.html}: is a folder; name a file")
        reserve(Path(locust.html).parent)
    seed = fresh_seed() if seed is None else seed
    with (
        progress(f"event {event.name}: {event.audience} viewers in {event.duration.seconds:g} s") as announce,
        target(selected, event) as load_target,
    ):
        spec = RunSpec(
            event=event,
            target=load_target,
            rule_set=chosen,
            slo=slo,
            seed=seed,
            rate=selected.rate,
            locust=locust,
            announce=announce,
            metrics_port=metrics_port,
        )
        report = asyncio.run(run_event(spec))
    exit_code = report.exit_code
    if history is not None:
        record = record_of(report, name=history_name or selected.name, now=datetime.now(UTC))
        report.conformance.history = remember(history, record)
        exit_code = exit_code if report.conformance.history else WRONG_USAGE
    publish(report, FORMS, render, folder=folder, form=form, exit_code=exit_code)


@main.command()
@click.option("--event", "event_file", type=FILE, metavar="EVENT.toml", help="Event file to validate.")
@click.option("--slo", "slo_file", type=FILE, metavar="SLO.toml", help="File with limits to validate.")
def check(event_file: Path | None, slo_file: Path | None) -> None:
    """Validate event and SLO files. Sends nothing."""
    check_files({event_file: events.load, slo_file: objectives.load})


@main.command()
@click.option("--master-host", default="127.0.0.1", show_default=True, help="Host of `pass-load run`.")
@click.option(
    "--master-port", type=click.IntRange(1, 65534), default=5557, show_default=True, help="Its --bind-port."
)
@click.option(
    "--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Number of workers to start."
)
def worker(master_host: str, master_port: int, processes: int) -> None:
    """Start a worker that generates part of the load of `pass-load run --expect-workers N`, on any machine."""
    arguments = ["--worker", f"--master-host={master_host}", f"--master-port={master_port}"]
    if processes > 1:
        arguments.append(f"--processes={processes}")
    # The package's own command; click has validated the arguments.
    sys.exit(subprocess.run(locust_command(arguments), check=False).returncode)  # noqa: S603


main.add_command(bench)
main.add_command(schema_command({"event": "pass_harness.load.schemas", "slo": "pass_harness.load.schemas"}))
main.add_command(forecast)
