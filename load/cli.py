"""The command pass-load. Machine formats go to stdout alone; progress and errors go to stderr."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from pass_harness.conformance import rule_sets
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
from pass_harness.conformance.reports.formats import FORMS as RULE_FORMS
from pass_harness.conformance.reports.formats import Form
from pass_harness.load import event as events
from pass_harness.load import slo as objectives
from pass_harness.load.audience import require_addresses
from pass_harness.load.event import Event
from pass_harness.load.event_options import event_options
from pass_harness.load.forecast.forecast_command import forecast
from pass_harness.load.locust_process import LocustOptions, locust_command
from pass_harness.load.report import markdown
from pass_harness.load.report.model import LoadReport, encode
from pass_harness.load.report.text import render
from pass_harness.load.run import RunSpec, run_event
from pass_harness.load.targets import Wanted, target
from pass_harness.mock_server.cli.options import DEFAULT_MOCK, FILE, HELP, control_token_option, schema_command


def _html(report: LoadReport) -> bytes:
    from pass_harness.load.report import html  # noqa: PLC0415 - templates are for those who want pages

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
    """Live events: many viewers ask a Programmer Service at once, while the rules judge what it asks of Adobe Pass.

    Exit codes: 0 holds; 1 a MUST rule is violated; 2 wrong usage or configuration; 3 the run is invalid.
    """


def target_options(command: Callable[..., None]) -> Callable[..., None]:
    """What is put under load."""
    options = (
        click.option(
            "--service", type=FILE, metavar="SERVICE.toml", help="How verbs reach the service; the mock is behind it."
        ),
        click.option(
            "--mock",
            metavar="URL",
            help=f"The mock [default: [mock] url, or {DEFAULT_MOCK}]. Without --service it is asked directly.",
        ),
        control_token_option,
        click.option("--host", metavar="URL", help="An Adobe Pass-like host that is asked directly."),
        click.option(
            "--software-statement", type=FILE, metavar="FILE", help="In the name of this application (--host)."
        ),
        click.option("--service-provider", default="REF30", show_default=True, help="For --host and --mock."),
        defect_option,
        click.option("--allow-remote", is_flag=True, help="Let load leave this machine. You must be allowed to."),
        click.option(
            "--rate", type=click.FloatRange(0.001, 1e6), help="Calls a second at most; needed beyond this machine."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def locust_options(command: Callable[..., None]) -> Callable[..., None]:
    """What Locust itself is told."""
    options = (
        click.option(
            "--processes", type=click.IntRange(0, 64), default=0, help="Generate with workers on this machine."
        ),
        click.option(
            "--expect-workers", type=click.IntRange(0, 1000), default=0, help="Wait for `pass-load worker`s."
        ),
        click.option("--bind-host", default="127.0.0.1", show_default=True, help="Where workers reach the master."),
        click.option("--bind-port", type=click.IntRange(1, 65534), default=5557, show_default=True),
        click.option("--web-port", type=click.IntRange(1, 65535), help="Show Locust's web page on 127.0.0.1."),
        click.option("--csv", metavar="PREFIX", help="Let Locust write its CSV files."),
        click.option("--html", metavar="FILE", help="Let Locust write its HTML report."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@main.command()
@event_options
@click.option("--slo", "slo_file", type=FILE, metavar="SLO.toml", help="What has to hold.")
@select_option
@rules_option
@click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), help="Of devices and chance [default: another one each run]."
)
@click.option("--report", "folder", type=FILE, metavar="DIR", help="Also write the report there, in all forms.")
@format_option(FORMS)
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
    **options: Any,  # noqa: ANN401 - those of the two groups above, by name
) -> None:
    """Let an event happen to a service, or without --service to the example service with a mock of its own."""
    chosen = rule_sets.named(rule_set).select(patterns)
    slo = objectives.load(slo_file) if slo_file else None
    require_addresses(event)
    reserve(folder)
    wanted = Wanted(**{field.name: options.pop(field.name) for field in fields(Wanted)})
    locust = LocustOptions(**options)
    seed = fresh_seed() if seed is None else seed
    with (
        progress(f"event {event.name}: {event.audience} viewers in {event.duration.seconds:g} s") as announce,
        target(wanted, event) as found,
    ):
        occasion = RunSpec(
            event=event,
            target=found,
            rule_set=chosen,
            slo=slo,
            seed=seed,
            rate=wanted.rate,
            locust=locust,
            announce=announce,
        )
        report = asyncio.run(run_event(occasion))
    publish(report, FORMS, render, folder=folder, form=form, exit_code=report.exit_code)


@main.command()
@click.option("--event", "event_file", type=FILE, metavar="EVENT.toml", help="Who comes, when, and what goes wrong.")
@click.option("--slo", "slo_file", type=FILE, metavar="SLO.toml", help="What has to hold.")
def check(event_file: Path | None, slo_file: Path | None) -> None:
    """Say whether files can be used; nothing is sent."""
    check_files({event_file: events.load, slo_file: objectives.load})


@main.command()
@click.option("--master-host", default="127.0.0.1", show_default=True, help="Where `pass-load run` is.")
@click.option("--master-port", type=click.IntRange(1, 65534), default=5557, show_default=True)
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Workers to start here.")
def worker(master_host: str, master_port: int, processes: int) -> None:
    """Generate a part of the load of a `pass-load run --expect-workers N` on this or another machine."""
    arguments = ["--worker", f"--master-host={master_host}", f"--master-port={master_port}"]
    if processes > 1:
        arguments.append(f"--processes={processes}")
    # Our own command with arguments that were checked above.
    sys.exit(subprocess.run(locust_command(arguments), check=False).returncode)  # noqa: S603


@main.command()
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True, help="Of each call and server.")
@click.option("--seconds", type=click.FloatRange(0.1, 600), default=2.0, show_default=True, help="Of each round.")
@click.option(
    "--store", "stores", multiple=True, help="Compare stores instead, as `pass-mock serve --store` has them."
)
@click.option("--workers", type=click.IntRange(1, 64), multiple=True, help="Compare so many processes (Redis).")
@click.option("--compare", is_flag=True, help="Also measure Prism, Mockoon and WireMock, which npm installs.")
def bench(rounds: int, seconds: float, stores: tuple[str, ...], workers: tuple[int, ...], *, compare: bool) -> None:
    """Compare the speed of the mock with that of bare apps that answer the same bytes on the same server.

    With --store or --workers, each given as often as need be, the mock is compared with itself. What it leaves in a
    store is reset afterwards: name a file or database of its own.
    """
    # Only this command needs so fast a client.
    from pass_harness.load.bench import ratios, store_comparison  # noqa: PLC0415

    if stores or workers:
        setups = store_comparison.setups(stores or ("memory",), workers or (1,))
        with progress("measuring") as announce:
            found = store_comparison.scale(setups, rounds=rounds, seconds=seconds, announce=announce)
        store_comparison.show(found, Console())
        return
    with progress("measuring") as announce:
        measured = ratios.bench(rounds=rounds, seconds=seconds, compare=compare, announce=announce)
    ratios.show(measured, Console())


main.add_command(schema_command({"event": "pass_harness.load.schemas", "slo": "pass_harness.load.schemas"}))
main.add_command(forecast)
