"""The command pass-load. Machine formats go to stdout alone; progress and errors go to stderr."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click
from rich.console import Console

from conformance.command import CommandGroup, format_option, fresh_seed, progress, publish, reserve
from conformance.registry import select
from conformance.reports.documents import Form
from conformance.runner import DEFAULT_MOCK
from load import event as events
from load.generating import require_locust
from load.report.model import LoadReport, encode
from load.report.text import render
from load.run import run_event
from load.targets import target

FORMS: Mapping[str, Form[LoadReport]] = {"json": Form("report.json", encode)}


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pass-harness")
def main() -> None:
    """Live events: many viewers ask a Programmer Service at once, while the rules judge what it asks of Adobe Pass.

    Exit codes: 0 holds; 1 a MUST rule is violated; 2 wrong usage or configuration; 3 the run is invalid.
    """


@main.command()
@click.option("--service", "service_file", type=Path, metavar="SERVICE.toml", help="How verbs reach the service.")
@click.option("--mock", "mock_url", metavar="URL", help=f"The mock [default: [mock] url, or {DEFAULT_MOCK}].")
@click.option("--event", "event_name", required=True, metavar="EVENT", help="An event.toml, or a packaged event.")
@click.option("--audience", type=click.IntRange(1, events.LARGEST_AUDIENCE), help="Instead of the event's own.")
@click.option("--defect", "defects", multiple=True, metavar="NAME", help="Make the example service misbehave.")
@click.option("--select", "patterns", multiple=True, metavar="ID", help="Only these rules; globs, repeatable.")
@click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), help="Of devices and chance [default: another one each run]."
)
@click.option("--report", "folder", type=Path, metavar="DIR", help="Also write report.json and report.txt there.")
@format_option(FORMS)
def run(
    service_file: Path | None,
    mock_url: str | None,
    event_name: str,
    audience: int | None,
    defects: tuple[str, ...],
    patterns: tuple[str, ...],
    seed: int | None,
    folder: Path | None,
    form: str,
) -> None:
    """Let an event happen to a service, or without --service to the example service with a mock of its own."""
    event, rules = events.load(events.find(event_name), audience=audience), select(patterns)
    require_locust()
    reserve(folder)
    seed = fresh_seed() if seed is None else seed
    with (
        progress(f"event {event.name}: {event.audience} viewers in {event.duration.seconds:g} s") as announce,
        target(service_file, mock_url, defects) as (config, mock),
    ):
        report = asyncio.run(run_event(event, config, mock, rules, seed=seed, announce=announce))
    publish(report, FORMS, render, folder=folder, form=form, exit_code=report.exit_code)


@main.command()
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True, help="Of each call and server.")
@click.option("--seconds", type=click.FloatRange(0.1, 600), default=2.0, show_default=True, help="Of each round.")
def bench(rounds: int, seconds: float) -> None:
    """Compare the speed of the mock with that of bare apps that answer the same bytes on the same server."""
    from load.bench import bench as measure  # noqa: PLC0415 - only this command needs a client that fast
    from load.bench import show  # noqa: PLC0415

    with progress("measuring") as announce:
        measured = measure(rounds=rounds, seconds=seconds, announce=announce)
    show(measured, Console())
