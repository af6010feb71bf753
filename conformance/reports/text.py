"""The report as text: the verdict, violated rules with their findings, rules that were not judged, passed rules."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.printable import printable
from pass_harness.conformance.reports.model import NEW, FindingReport, Report, RuleReport, ScenarioReport

SHOWN_FINDINGS = 3
"""Findings printed per rule; the JSON report has more."""
SHOWN_EXCHANGES = 8
COLOURS = {"passed": "green", "violated": "red", "inconclusive": "yellow"}


def render(report: Report, console: Console) -> None:
    """Print a report; the console determines colour and width."""
    for line, indent in _lines(report):
        # Not wrapped: log lines stay whole, and a terminal wraps lines itself.
        console.print(" " * indent + printable(line), highlight=False, soft_wrap=True)


def _lines(report: Report) -> Iterator[tuple[str, int]]:
    yield from _head(report)
    violated = [rule for rule in report.rules if rule.verdict == Verdict.VIOLATED]
    for rule in sorted(violated, key=lambda rule: rule.severity):  # MUST before SHOULD
        if rule.counted_findings(report.fail_on):
            yield from _violated(rule)
    yield from _excused([rule for rule in violated if not rule.counted_findings(report.fail_on)])
    yield from _waived(report)
    yield from _baseline(report)
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
    if run.rule_set:
        yield escape(f"rule set {run.rule_set}"), 0
    if run.exchanges:
        yield f"{run.exchanges} exchanges in {run.seconds:.1f} s, maximum lag of the mock {run.max_lag_ms:.0f} ms", 0
    if run.not_judged:
        yield escape(run.not_judged), 0


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
    where = [finding.kind_in_full] if finding.kind else []
    if ids:
        where.append(f"exchanges {ids}{more}")
    if finding.device:
        where.append(f"device {finding.device}")
    if finding.blame != "SERVICE":
        where.append(f"blame {finding.blame}")
    where += [mark for mark in (finding.state, "waived" if finding.waived else "") if mark]
    yield f"• {escape('; '.join(where) or 'no exchange')}", 2
    yield f"expected  {escape(finding.expected)}", 4
    yield f"observed  {escape(finding.observed)}", 4


def _excused(rules: list[RuleReport]) -> Iterator[tuple[str, int]]:
    if rules:
        yield "", 0
        yield "[bold]violated, but excused[/]", 0
    for rule in rules:
        waived = sum(kind.waived for kind in rule.kinds)
        why = f"{waived} waived" if waived == rule.broken else f"{waived} waived, the others in the baseline"
        yield escape(f"{rule.id}  {rule.broken} findings: {why if waived else 'in the baseline'}"), 2


def _waived(report: Report) -> Iterator[tuple[str, int]]:
    if report.waived:
        yield "", 0
        yield "[bold]waivers[/]", 0
    for waiver in report.waived:
        state = "expired" if waiver.expired else "stale: no finding matches it; remove it"
        note = f"  [red]{state}[/]" if waiver.fails else ""
        match = "".join(f", {key} {glob}" for key, glob in waiver.match.items())
        terms = f"excuses {waiver.excused} until {waiver.until}: {waiver.reason} ({waiver.owner})"
        yield escape(f"{waiver.rule}{match}  {terms}") + note, 2


def _baseline(report: Report) -> Iterator[tuple[str, int]]:
    baseline = report.baseline
    if baseline is None:
        return
    yield "", 0
    counted = "; only new ones count" if report.fail_on == NEW else ""
    yield (
        (
            f"[bold]against {escape(baseline.file)}[/]  {baseline.new} new, {baseline.persisting} persisting, "
            f"{len(baseline.fixed)} fixed{counted}"
        ),
        0,
    )
    for gone in baseline.fixed:
        yield escape(f"fixed       {gone.rule}  {gone.observed}"), 2
    for gone in baseline.unjudged:
        yield escape(f"not judged  {gone.rule}  {gone.observed}"), 2


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
