"""The command pass-conformance. Reports go to stdout; progress and errors go to stderr."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from pass_harness.conformance import rule_sets
from pass_harness.conformance.cli.history_command import history
from pass_harness.conformance.cli.init_command import init
from pass_harness.conformance.cli.options import (
    UNJUDGED,
    CommandGroup,
    ReportConsole,
    architecture_option,
    check_files,
    defect_option,
    duration,
    fresh_seed,
    liberty_option,
    progress,
)
from pass_harness.conformance.cli.run_options import (
    RunOptions,
    load_waivers,
    rules_option,
    select_option,
    with_run_options,
)
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.outcomes import Architecture, Expectations
from pass_harness.conformance.registry import rule_ids, select
from pass_harness.conformance.reports import rule_listing as listing
from pass_harness.conformance.service_toml.service_config import Service, ServiceConfig, load
from pass_harness.mock_server.cli.options import (
    DEFAULT_MOCK,
    FILE,
    HELP,
    completion_of,
    control_token_option,
    schema_command,
)
from pass_harness.mock_server.client.urls import url_error
from pass_harness.mock_server.formats.durations import Duration
from pass_harness.mock_server.store.opening import without_password

if TYPE_CHECKING:
    from pass_harness.conformance.scenarios.scenario import Scenario

SCHEMAS = {
    "history": "pass_harness.conformance.reports",
    "report": "pass_harness.conformance.reports",
    "service": "pass_harness.conformance.schemas",
    "waivers": "pass_harness.conformance.schemas",
}


@click.group(cls=CommandGroup, context_settings=HELP)
@click.version_option(package_name="pass-harness")
def main() -> None:
    """Check that a Programmer Service follows Adobe Pass's rules for polling, caching, retries and headers.

    Exit codes: 0 passed; 1 a MUST rule is violated, or a waiver is stale or has expired; 2 wrong usage
    or configuration; 3 inconclusive: nothing, or not everything, could be judged.
    """


_service = click.option(
    "--service",
    "service_file",
    type=FILE,
    required=True,
    metavar="SERVICE.toml",
    help="Configuration of the service under test.",
)
_mock = click.option(
    "--mock", "mock_url", metavar="URL", help=f"Address of the mock [default: [mock] url, or {DEFAULT_MOCK}]."
)


def _scenario_ids() -> list[str]:
    from pass_harness.conformance.scenarios import scenario_ids  # noqa: PLC0415 - the other commands start faster

    return scenario_ids()


_scenarios = click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="ID",
    shell_complete=completion_of(_scenario_ids),
    help="Play only this scenario (glob); repeatable [default: those that exercise the selected rules].",
)


@main.command()
@click.option(
    "--service", "service_file", type=FILE, metavar="SERVICE.toml", help="Configuration of the service under test."
)
@_mock
@control_token_option
@_scenarios
@click.option(
    "--observe",
    "--watch",
    "watch",
    is_flag=True,
    help="Play no scenario: judge the traffic at the mock until Ctrl-C. --watch is the earlier name.",
)
@click.option(
    "--for", "length", metavar="DURATION", callback=duration, help="With --observe: end after this time, like 60s."
)
@click.option(
    "--until-idle",
    "idle",
    metavar="DURATION",
    callback=duration,
    help="With --observe: end after this time without an exchange.",
)
@architecture_option
@with_run_options()
def run(
    service_file: Path | None,
    mock_url: str | None,
    control_token: str | None,
    scenarios: tuple[str, ...],
    watch: bool,
    length: Duration | None,
    idle: Duration | None,
    architecture: Architecture | None,
    terms: RunOptions,
) -> None:
    """Play every scenario against a service, and judge its requests to Adobe Pass.

    With --observe your own tests drive the service. Of --service, which is optional then, [mock], instances and
    architecture count.
    """
    config = load(service_file) if service_file is not None else None
    if config is not None and architecture is not None:
        config = config.with_architecture(architecture)
    if watch and scenarios:
        raise click.UsageError("--observe plays no scenario; leave out --scenario or --observe")
    if watch:
        _watch(config, mock_url, control_token, length, idle, architecture, terms)
    if length is not None or idle is not None:
        raise click.UsageError("--for and --until-idle need --observe")
    if config is None:
        raise click.UsageError("name the service with --service SERVICE.toml, or judge other traffic with --observe")
    from pass_harness.conformance.running.judged_run import judge_service  # noqa: PLC0415 - the other commands start faster

    played, why = _played(scenarios, terms)
    with progress("playing scenarios against the service") as announce:
        report = asyncio.run(
            judge_service(
                config,
                _mock_of(config, mock_url),
                terms.rules,
                seed=fresh_seed(),
                announce=announce,
                control_token=control_token,
                scenarios=played,
                left_out_because=why,
                waivers=terms.waivers,
            )
        )
    terms.conclude(report, "run")


@main.command()
@defect_option
@liberty_option
@_scenarios
@with_run_options(report=Path("report"))
def demo(defects: tuple[str, ...], liberties: tuple[str, ...], scenarios: tuple[str, ...], terms: RunOptions) -> None:
    """Start the mock and the example service, play every scenario, and report."""
    from pass_harness.conformance.running.child_processes import known_changes  # noqa: PLC0415 - likewise
    from pass_harness.conformance.running.demo import demonstrate  # noqa: PLC0415 - only this command needs the example service

    played, why = _played(scenarios, terms)
    with progress("judging the example service") as announce:
        report = demonstrate(
            known_changes(defects, liberties),
            terms.rules,
            scenarios=played,
            left_out_because=why,
            seed=fresh_seed(),
            announce=announce,
            waivers=terms.waivers,
        )
    terms.conclude(report, "demo")


@main.command()
@_service
@_mock
@control_token_option
def doctor(service_file: Path, mock_url: str | None, control_token: str | None) -> None:
    """Check a setup: the service answers, its requests reach the mock, its verbs are mapped."""
    from pass_harness.conformance.running.doctor import diagnose  # noqa: PLC0415 - the other commands start faster

    config = load(service_file)
    with progress("checking the setup") as announce:
        diagnoses, untestable = asyncio.run(
            diagnose(config, _mock_of(config, mock_url), seed=fresh_seed(), control_token=control_token)
        )
    for diagnosis in diagnoses:
        announce(str(diagnosis))
    for rule, needs in untestable.items():
        announce(f"untestable: {rule} needs {needs}")
    if any(diagnosis.fatal for diagnosis in diagnoses):
        sys.exit(UNJUDGED)
    announce("the service can be judged" + (", with the limits above" if diagnoses or untestable else ""))


@main.command()
@click.option(
    "--service", "service_file", type=FILE, metavar="SERVICE.toml", help="Configuration of the service under test."
)
@click.option("--waivers", "waivers_file", type=FILE, metavar="FILE", help="Waivers: excused findings (TOML).")
def check(service_file: Path | None, waivers_file: Path | None) -> None:
    """Validate configuration files. Sends no request."""
    check_files({service_file: load, waivers_file: load_waivers})


@main.command()
@click.argument("traces", nargs=-1, required=True, type=FILE, metavar="TRACE…")
@click.option(
    "--host", "hosts", multiple=True, help="Host of a mock or proxy to judge, besides Adobe's own hosts; repeatable."
)
@click.option(
    "--instances",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Number of instances of the service; if it is 1, the tokens in use may show more.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Number of processes that judge, each a part of the rules; the report does not depend on it [default: one "
    "for each core, at most 8, if the traces have 64 MiB or more].",
)
@architecture_option
@with_run_options()
def audit(
    traces: tuple[Path, ...],
    hosts: tuple[str, ...],
    instances: int,
    jobs: int | None,
    architecture: Architecture | None,
    terms: RunOptions,
) -> None:
    """Judge recorded traffic: JSON lines of `--record`, or HAR of the mock, the proxy, a browser or mitmproxy.

    Traces may be gzipped. Several traces are merged in order of time.
    """
    from pass_harness.conformance.running.audit import audit as judge_traces  # noqa: PLC0415 - the other commands start faster

    expectations = Expectations(instances=instances, architecture=architecture)
    with progress(f"judging {', '.join(map(str, traces))}") as announce:
        report = judge_traces(
            traces, terms.rules, expectations, hosts=hosts, waivers=terms.waivers, jobs=jobs, announce=announce
        )
    terms.conclude(report, "audit")


@main.command()
@select_option
@rules_option
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
def rules(patterns: tuple[str, ...], rule_set: str | None, form: str) -> None:
    """List the rules."""
    chosen = rule_sets.named(rule_set).select(patterns)
    match form:
        case "json":
            click.echo(listing.as_json(chosen.rules), nl=False)
        case "markdown":
            click.echo(listing.as_markdown(chosen.rules))
        case _:
            listing.render(chosen.rules, ReportConsole(), rule_set=chosen.name)


@main.command()
@click.argument("rule", shell_complete=completion_of(rule_ids))
def explain(rule: str) -> None:
    """Explain a rule: its requirement, the consequences of a violation, the remedy and the source."""
    for number, chosen in enumerate(select([rule])):
        if number:
            click.echo()
        listing.explain(chosen, ReportConsole(), rule_sets.other_grades(chosen))


def _watch(
    config: ServiceConfig | None,
    mock_url: str | None,
    control_token: str | None,
    length: Duration | None,
    idle: Duration | None,
    architecture: Architecture | None,
    terms: RunOptions,
) -> NoReturn:
    from pass_harness.conformance.running.watch import Until, watch  # noqa: PLC0415 - only --observe needs it

    until = Until(seconds=length.seconds if length else None, idle=idle.seconds if idle else None)
    service = config.service if config else Service()
    expectations = Expectations(instances=service.instances, architecture=architecture or service.architecture)
    with progress("watching") as announce:
        report = asyncio.run(
            watch(
                _mock_of(config, mock_url),
                terms.rules,
                expectations,
                until=until,
                announce=announce,
                control_token=control_token,
                waivers=terms.waivers,
            )
        )
    terms.conclude(report, "watch")


main.add_command(init)
main.add_command(history)
main.add_command(schema_command(SCHEMAS, default="report"))


def _played(patterns: Sequence[str], terms: RunOptions) -> tuple[tuple[type[Scenario], ...], str]:
    """Return the scenarios to play, and the reason why they are not all."""
    from pass_harness.conformance.scenarios import chosen  # noqa: PLC0415 - the other commands start faster
    from pass_harness.conformance.scenarios.opportunities import exercising  # noqa: PLC0415 - likewise

    if patterns or not terms.selected:
        return chosen(patterns), "--scenario names others"
    return exercising(rule.card.id for rule in terms.rules), "they give the selected rules no opportunity"


def _mock_of(config: ServiceConfig | None, given: str | None) -> str:
    configured = config.mock.url if config is not None else None
    if given is not None and (reason := url_error(given)) is not None:
        raise ConfigError(f"--mock {without_password(given):.100}: {reason}")
    return (given or configured or DEFAULT_MOCK).rstrip("/")
