"""Options of a judged run: rules, waivers, baseline, and where the report goes.

`with_run_options` adds them to a command. They are validated before the run begins.
"""

from __future__ import annotations

import functools
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from pass_harness.conformance import rule_sets
from pass_harness.conformance.cli.history_command import history_options, remember
from pass_harness.conformance.cli.options import format_option, publish, reserve
from pass_harness.conformance.evaluation import waivers
from pass_harness.conformance.registry import rule_ids
from pass_harness.conformance.reports import baseline as baselines
from pass_harness.conformance.reports.formats import FORMS
from pass_harness.conformance.reports.history import folder as histories
from pass_harness.conformance.reports.history.recording import record_of
from pass_harness.conformance.reports.model import NEW, Report, update_verdict
from pass_harness.conformance.reports.text import render
from pass_harness.conformance.reports.violations import absent_causes
from pass_harness.conformance.rule import Rule
from pass_harness.mock_server.cli.exits import WRONG_USAGE
from pass_harness.mock_server.cli.options import FILE, completion_of

ANY = "any"
SECRET = "--control-token"  # noqa: S105 - the name of an option


@dataclass(frozen=True)
class RunOptions:
    """The validated options of a judged run, as `with_run_options` passes them to the command."""

    rule_set: str
    rules: tuple[type[Rule], ...]
    selected: bool
    """Whether ``--select`` chose the rules."""
    waivers: waivers.Waivers | None
    baseline: tuple[Path, Report] | None
    fail_on: str
    strict_own: bool
    folder: Path | None
    form: str
    history: Path | None
    history_name: str

    def conclude(self, report: Report, command: str) -> NoReturn:
        """Compare a report with the baseline, add it to the history, publish it, and exit with its code."""
        report.run.rule_set = self.rule_set
        report.strict_own = self.strict_own
        update_verdict(report)
        if self.selected:
            report.run.unselected_causes = absent_causes(report)
        name = click.get_current_context().find_root().info_name or ""
        report.run.command = shlex.join([name, *_shareable(sys.argv[1:])])
        if self.baseline is not None:
            file, earlier = self.baseline
            baselines.compare(report, earlier, file=file, fail_on=self.fail_on)
        exit_code = report.exit_code
        if self.history is not None:
            record = record_of(report, command=command, name=self.history_name, now=datetime.now(UTC))
            report.history = remember(self.history, record)
            exit_code = exit_code if report.history else WRONG_USAGE
        publish(report, FORMS, render, folder=self.folder, form=self.form, exit_code=exit_code)


rules_option = click.option(
    "--rules", "rule_set", metavar="VERSION", help="Rule set [default: the newest released one]."
)
select_option = click.option(
    "--select",
    "patterns",
    multiple=True,
    metavar="ID",
    shell_complete=completion_of(rule_ids),
    help="Use only this rule (glob); repeatable.",
)


def with_run_options(*, report: Path | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that adds the options to a command, which receives them as the argument ``terms``.

    ``report`` is the default of ``--report``.
    """
    options = (
        select_option,
        rules_option,
        click.option(
            "--waivers", "waivers_file", type=FILE, metavar="FILE", help="Waivers: excused findings (TOML)."
        ),
        click.option(
            "--baseline",
            "baseline_file",
            type=FILE,
            metavar="REPORT.json",
            help="Earlier report to compare the findings with.",
        ),
        click.option(
            "--fail-on",
            type=click.Choice([ANY, NEW]),
            default=ANY,
            show_default=True,
            help="Findings that decide the exit code: any, or only those that are not in the baseline.",
        ),
        click.option("--strict-own", is_flag=True, help="Let findings of OWN rules decide the exit code too."),
        click.option(
            "--report",
            "folder",
            type=FILE,
            default=report,
            show_default=report is not None,
            metavar="DIR",
            help="Folder for the report in every format.",
        ),
        history_options,
        format_option(FORMS),
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_terms(
            *,
            patterns: tuple[str, ...],
            rule_set: str | None,
            waivers_file: Path | None,
            baseline_file: Path | None,
            fail_on: str,
            strict_own: bool,
            folder: Path | None,
            form: str,
            history: Path | None,
            history_name: str,
            **others: object,
        ) -> None:
            if fail_on == NEW and baseline_file is None:
                raise click.UsageError("--fail-on new needs --baseline, the report to compare with")
            chosen = rule_sets.named(rule_set).select(patterns)
            terms = RunOptions(
                rule_set=chosen.name,
                rules=chosen.rules,
                selected=bool(patterns),
                waivers=_waivers(waivers_file),
                baseline=(baseline_file, baselines.load(baseline_file)) if baseline_file else None,
                fail_on=fail_on,
                strict_own=strict_own,
                folder=folder,
                form=form,
                history=history,
                history_name=history_name,
            )
            reserve(folder)
            histories.reserve(history)
            command(terms=terms, **others)

        decorated = with_terms
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def _shareable(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the arguments without the control token, since reports are shared."""
    remaining = iter(arguments)
    for argument in remaining:
        if argument == SECRET:
            next(remaining, None)
        elif not argument.startswith(f"{SECRET}="):
            yield argument


def _waivers(file: Path | None) -> waivers.Waivers | None:
    return load_waivers(file) if file is not None else None


def load_waivers(file: Path) -> waivers.Waivers:
    """Return the waivers of a file, valid today. Raises `ConfigError` for an invalid file."""
    return waivers.load(file, rule_ids(), today=datetime.now(UTC).date())
