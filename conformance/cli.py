"""The command pass-conformance. Machine formats go to stdout alone; progress and errors go to stderr."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from conformance.audit import audit as judge_traces
from conformance.errors import ConfigError, HarnessError
from conformance.registry import select
from conformance.reports import rules as listing
from conformance.reports.json import encode
from conformance.reports.model import Report
from conformance.reports.text import render
from conformance.rule import Expectations
from conformance.runner import DEFAULT_MOCK, Announce, judge_service
from conformance.service_config import ServiceConfig, load

WRONG_USAGE, UNJUDGED, INTERRUPTED = 2, 3, 130


class _Command(click.Group):
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


@click.group(cls=_Command, context_settings={"help_option_names": ["-h", "--help"]})
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
    "--report", "folder", type=Path, metavar="DIR", help="Also write report.json and report.txt there."
)
_format = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


@main.command()
@_service
@_mock
@_select
@_report
@_format
def run(service_file: Path, mock_url: str | None, patterns: tuple[str, ...], folder: Path | None, form: str) -> None:
    """Drive a service through every scenario and judge what it did to Adobe Pass."""
    config, rules = load(service_file), select(patterns)
    with _progress("driving the service") as announce:
        report = asyncio.run(
            judge_service(config, _mock_of(config, mock_url), rules, seed=_seed(), announce=announce)
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
    with _progress("judging the example service") as announce:
        report = demonstrate(defects, rules, seed=_seed(), announce=announce)
    _publish(report, folder, form)


@main.command()
@_service
@_mock
def doctor(service_file: Path, mock_url: str | None) -> None:
    """Is the service up, does it reach the mock, do the verbs map: before any verdict."""
    from conformance.doctor import consult  # noqa: PLC0415 - only this command shows its findings alone

    config = load(service_file)
    with _progress("examining the service") as announce:
        found, untestable = asyncio.run(consult(config, _mock_of(config, mock_url), seed=_seed()))
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
@click.argument("rule")
def explain(rule: str) -> None:
    """Say what a rule asks, where that stands, what breaks otherwise and how to mend it."""
    for chosen in select([rule]):
        listing.explain(chosen, Console())


def _mock_of(config: ServiceConfig, given: str | None) -> str:
    return (given or config.mock.url or DEFAULT_MOCK).rstrip("/")


def _seed() -> int:
    # Another one for each run: a service that remembers its devices shall take these for new.
    return secrets.randbits(64)


@contextmanager
def _progress(doing: str) -> Iterator[Announce]:
    """A spinner on a terminal, plain lines elsewhere; both on stderr."""
    console = Console(stderr=True, soft_wrap=True)

    def announce(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    if console.is_terminal:
        with console.status(doing):
            yield announce
    else:
        announce(doing)
        yield announce


def _publish(report: Report, folder: Path | None, form: str) -> NoReturn:
    """Shows the report, writes its files and ends with its exit code."""
    if form == "json":
        click.echo(encode(report), nl=False)
    else:
        render(report, Console())
    if folder is not None:
        _write(report, folder)
        click.echo(f"report: {folder / 'report.json'}, {folder / 'report.txt'}", err=True)
    sys.exit(report.exit_code)


def _write(report: Report, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_bytes(encode(report))
        with (folder / "report.txt").open("w", encoding="utf-8") as file:
            render(report, Console(file=file, width=118))
    except OSError as error:
        raise ConfigError(f"{folder}: the report cannot be written ({error.strerror}); name another DIR") from error


def _end(sentence: str, code: int) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(code)
