"""The report for people: the verdict first, then what was broken with its evidence, then what was not judged."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

from conformance.engine import Verdict
from conformance.reports.model import FindingReport, Report, RuleReport, ScenarioReport

SHOWN_FINDINGS = 3
"""Findings printed per rule; the JSON report has more of them."""
SHOWN_EXCHANGES = 8
COLOURS = {"passed": "green", "violated": "red", "inconclusive": "yellow"}


def render(report: Report, console: Console) -> None:
    """Prints the report; colour and width are the console's."""
    for line, indent in _lines(report):
        # Not wrapped: lines of a log stay whole, and a terminal wraps by itself.
        console.print(" " * indent + line, highlight=False, soft_wrap=True)


def _lines(report: Report) -> Iterator[tuple[str, int]]:
    yield from _head(report)
    excused = {waiver.rule for waiver in report.waived}
    violated = [rule for rule in report.rules if rule.verdict == Verdict.VIOLATED and rule.id not in excused]
    for rule in violated:
        yield from _violated(rule)
    yield from _waived(report)
    yield from _not_judged(report)
    yield from _scenarios(report.scenarios)
    yield from _passed([rule for rule in report.rules if rule.verdict == Verdict.PASSED])


def _head(report: Report) -> Iterator[tuple[str, int]]:
    colour = COLOURS[report.verdict]
    numbers = ", ".join(
        f"{count} {verdict}"
        for verdict in Verdict
        if (count := sum(rule.verdict == verdict for rule in report.rules))
    )
    yield f"[bold {colour}]{report.verdict.upper()}[/]  {len(report.rules)} rules: {numbers}", 0
    run = report.run
    if run.service or run.mock:
        yield escape(f"service {run.service or '-'}, mock {run.mock or '-'}"), 0
    if run.exchanges:
        yield f"{run.exchanges} exchanges in {run.seconds:.1f} s, lag of the mock at most {run.max_lag_ms:.0f} ms", 0


def _violated(rule: RuleReport) -> Iterator[tuple[str, int]]:
    yield "", 0
    times = f"{rule.broken} of {rule.opportunities} times"
    colour = "red" if rule.severity == "MUST" else "yellow"
    yield f"[bold {colour}]{rule.severity} {rule.id}[/]  {escape(rule.title)}  ({times})", 0
    for finding in rule.findings[:SHOWN_FINDINGS]:
        yield from _finding(finding)
    if rule.broken > SHOWN_FINDINGS:
        yield f"… and {rule.broken - SHOWN_FINDINGS} more", 2
    yield f"[bold]remedy[/]    {escape(rule.remedy)}", 2
    for url in rule.citations[:1]:
        yield f"[bold]source[/]    {escape(url)}", 2


def _finding(finding: FindingReport) -> Iterator[tuple[str, int]]:
    ids = ", ".join(map(str, finding.exchanges[:SHOWN_EXCHANGES]))
    more = "…" if len(finding.exchanges) > SHOWN_EXCHANGES else ""
    where = [f"exchanges {ids}{more}"] if ids else []
    if finding.device:
        where.append(f"device {finding.device}")
    if finding.blame != "SERVICE":
        where.append(f"blame {finding.blame}")
    yield f"• {escape('; '.join(where) or 'no exchange')}", 2
    yield f"expected  {escape(finding.expected)}", 4
    yield f"observed  {escape(finding.observed)}", 4


def _waived(report: Report) -> Iterator[tuple[str, int]]:
    if report.waived:
        yield "", 0
        yield "[bold]waived[/]", 0
    for waiver in report.waived:
        stale = "  [red]stale: remove it[/]" if waiver.stale else ""
        yield f"{waiver.rule}  until {waiver.until}: {escape(waiver.reason)}{stale}", 2


def _not_judged(report: Report) -> Iterator[tuple[str, int]]:
    for verdict in (Verdict.INCONCLUSIVE, Verdict.UNTESTABLE, Verdict.NOT_EXERCISED):
        rules = [rule for rule in report.rules if rule.verdict == verdict]
        if rules:
            yield "", 0
            yield f"[bold yellow]{verdict}[/]", 0
        for rule in rules:
            why = f"  {escape('; '.join(rule.reasons))}" if rule.reasons else ""
            counted = f" ({rule.unclear} of {rule.opportunities})" if rule.unclear else ""
            yield f"{rule.id}{why}{counted}", 2


def _scenarios(scenarios: list[ScenarioReport]) -> Iterator[tuple[str, int]]:
    unfinished = [scenario for scenario in scenarios if scenario.verdict != "passed" or scenario.note]
    if unfinished:
        yield "", 0
        yield "[bold]scenarios[/]", 0
    for scenario in unfinished:
        blame = f" [{scenario.blame}]" if scenario.blame else ""
        note = f"  {scenario.note}" if scenario.note else ""
        yield escape(f"{scenario.id}  {scenario.verdict}{blame}{note}"), 2


def _passed(rules: list[RuleReport]) -> Iterator[tuple[str, int]]:
    if rules:
        yield "", 0
        yield "[bold green]passed[/] (opportunities)", 0
        yield ", ".join(f"{rule.id} ({rule.opportunities})" for rule in rules), 2
