"""The command pass-conformance. Machine formats go to stdout alone; progress and errors go to stderr."""

from __future__ import annotations

import asyncio
import shlex
import sys
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from conformance.audit import audit as judge_traces
from conformance.command import UNJUDGED, CommandGroup, format_option, fresh_seed, progress, publish, reserve
from conformance.registry import select
from conformance.reports import rules as listing
from conformance.reports.documents import FORMS
from conformance.reports.json import published_schema
from conformance.reports.model import Report
from conformance.reports.text import render
from conformance.rule import Expectations
from conformance.runner import DEFAULT_MOCK, judge_service
from conformance.service_config import ServiceConfig, load


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pass-harness")
def main() -> None:
    """Checks that a Programmer Service follows Adobe Pass rules of polling, caching, retrying and headers.

    Exit codes: 0 holds; 1 a MUST rule is violated; 2 wrong usage or configuration; 3 nothing could be judged.
    """


_service = click.option(
    "--service", "service_file", type=Path, required=True, metavar="SERVICE.toml", help="How verbs reach the service."
)
_mock = click.option("--mock", "mock_url", metavar="URL", help=f"The mock [default: [mock] url, or {DEFAULT_MOCK}].")
_select = click.option(
    "--select", "patterns", multiple=True, metavar="ID", help="Only these rules; globs, repeatable."
)
_report = click.option(
    "--report", "folder", type=Path, metavar="DIR", help="Also write the report there, in every form."
)
_format = format_option(FORMS)


@main.command()
@_service
@_mock
@_select
@_report
@_format
def run(service_file: Path, mock_url: str | None, patterns: tuple[str, ...], folder: Path | None, form: str) -> None:
    """Drive a service through every scenario and judge what it did to Adobe Pass."""
    config, rules = load(service_file), select(patterns)
    reserve(folder)
    with progress("driving the service") as announce:
        report = asyncio.run(
            judge_service(config, _mock_of(config, mock_url), rules, seed=fresh_seed(), announce=announce)
        )
    _publish(report, folder, form)


@main.command()
@click.option("--defect", "defects", multiple=True, metavar="NAME", help="Make the example service misbehave.")
@_select
@click.option(
    "--report", "folder", type=Path, default=Path("report"), show_default=True, metavar="DIR", help="Where it goes."
)
@_format
def demo(defects: tuple[str, ...], patterns: tuple[str, ...], folder: Path, form: str) -> None:
    """Start the mock and the example service, and judge the one with the other."""
    from conformance.demo import demonstrate  # noqa: PLC0415 - only this command needs the example service

    rules = select(patterns)
    reserve(folder)
    with progress("judging the example service") as announce:
        report = demonstrate(defects, rules, seed=fresh_seed(), announce=announce)
    _publish(report, folder, form)


@main.command()
@_service
@_mock
def doctor(service_file: Path, mock_url: str | None) -> None:
    """Is the service up, does it reach the mock, do the verbs map: before any verdict."""
    from conformance.doctor import consult  # noqa: PLC0415 - only this command shows its findings alone

    config = load(service_file)
    with progress("examining the service") as announce:
        found, untestable = asyncio.run(consult(config, _mock_of(config, mock_url), seed=fresh_seed()))
    for diagnosis in found:
        announce(str(diagnosis))
    for rule, needs in untestable.items():
        announce(f"untestable: {rule} needs {needs}")
    if any(diagnosis.fatal for diagnosis in found):
        sys.exit(UNJUDGED)
    announce("the service can be judged" + (", but see above" if found or untestable else ""))


@main.command()
@click.argument("traces", nargs=-1, required=True, type=Path, metavar="TRACE.jsonl…")
@click.option("--instances", type=click.IntRange(min=1), default=1, show_default=True, help="Of the service.")
@_select
@_report
@_format
def audit(
    traces: tuple[Path, ...], instances: int, patterns: tuple[str, ...], folder: Path | None, form: str
) -> None:
    """Judge recorded traces (`pass-mock serve --record`), gzipped or not."""
    _publish(judge_traces(traces, select(patterns), Expectations(instances=instances)), folder, form)


@main.command()
@_select
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
def rules(patterns: tuple[str, ...], form: str) -> None:
    """List the rules."""
    chosen = select(patterns)
    match form:
        case "json":
            click.echo(listing.as_json(chosen), nl=False)
        case "markdown":
            click.echo(listing.as_markdown(chosen))
        case _:
            listing.render(chosen, Console())


@main.command()
def schema() -> None:
    """Print the JSON Schema of report.json."""
    click.echo(published_schema(), nl=False)


@main.command()
@click.argument("rule")
def explain(rule: str) -> None:
    """Say what a rule asks, where that stands, what breaks otherwise and how to mend it."""
    for chosen in select([rule]):
        listing.explain(chosen, Console())


def _mock_of(config: ServiceConfig, given: str | None) -> str:
    return (given or config.mock.url or DEFAULT_MOCK).rstrip("/")


def _publish(report: Report, folder: Path | None, form: str) -> NoReturn:
    report.run.command = shlex.join([click.get_current_context().find_root().info_name or "", *sys.argv[1:]])
    publish(report, FORMS, render, folder=folder, form=form, exit_code=report.exit_code)
