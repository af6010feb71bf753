"""The report as text: the verdict, violated rules with what follows from them, rules not judged, passed rules."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.evaluation.tally import OTHER_KINDS
from pass_harness.conformance.printable import printable
from pass_harness.conformance.reports.model import (
    EXCUSED,
    NEW,
    VIOLATED,
    FindingReport,
    KindReport,
    Report,
    RuleReport,
)
from pass_harness.conformance.reports.numbers import plural, span
from pass_harness.conformance.reports.violations import (
    Violation,
    because,
    by_cause,
    by_reason,
    headline,
    tally,
    unexplained,
    violations,
)

SHOWN_KINDS = 4
"""Kinds of findings printed per rule; the JSON report has all of them."""
SHOWN_EXAMPLES = 3
"""Findings printed per kind."""
SHOWN_EXCHANGES = 8
COLOURS = {"passed": "green", "violated": "red", "inconclusive": "yellow"}


def render(report: Report, console: Console) -> None:
    """Print a report; the console determines colour and width."""
    for line, indent in _lines(report):
        # Not wrapped: log lines stay whole, and a terminal wraps lines itself.
        console.print(" " * indent + printable(line), highlight=False, soft_wrap=True)


def _lines(report: Report) -> Iterator[tuple[str, int]]:
    yield from _head(report)
    for violation in violations(report):
        yield from _violation(violation, report)
    yield from _excused([rule for rule in report.rules if report.standing(rule) == EXCUSED])
    yield from _waived(report)
    yield from _baseline(report)
    if report.history is not None:
        yield "", 0
        yield f"[bold]history[/]  {plural(len(report.history.runs), 'run')}: {report.history.in_short}", 0
    yield from _not_judged(report)
    yield from _scenarios(report)
    yield from _passed([rule for rule in report.rules if rule.verdict == Verdict.PASSED])


def _head(report: Report) -> Iterator[tuple[str, int]]:
    verdict, _, advice = headline(report).partition(",")
    colour = "yellow" if advice else COLOURS[report.verdict]
    numbers = ", ".join(f"{number} {word}" for number, word, _ in tally(report))
    rules = plural(len(report.rules), "rule")
    yield f"[bold {colour}]{verdict.upper()}[/]{advice and f',{advice}'}  {rules}: {numbers}", 0
    run = report.run
    if run.not_judged:
        yield escape(run.not_judged), 0
    if run.service or run.mock:
        yield escape(f"service {run.service or '-'}, mock {run.mock or '-'}"), 0
    if run.rule_set:
        yield escape(f"rule set {run.rule_set}"), 0
    if run.exchanges:
        judged = f"{plural(run.exchanges, 'exchange')} in {span(run.seconds)}"
        yield f"{judged}, maximum lag of the mock {run.max_lag_ms:.0f} ms", 0
    if run.stalls_in_short:
        yield f"[yellow]{escape(run.stalls_in_short)}[/]", 0
    if run.assumed_architecture:
        yield escape(f"architecture {run.assumed_architecture}"), 0


def _violation(violation: Violation, report: Report) -> Iterator[tuple[str, int]]:
    yield "", 0
    yield from _violated(violation.rule, report)
    for rule in violation.consequences:
        yield "", 0
        for line, indent in _violated(rule, report, consequence=True):
            yield line, indent + 2
    if violation.scenarios:
        yield "", 0
    for cause, scenarios in by_cause(violation.scenarios):
        names = ", ".join(scenario.id for scenario in scenarios)
        yield f"[bold]{plural(len(scenarios), 'failed scenario')}[/]  {escape(because(cause, counts=False))}", 2
        yield escape(names), 4


def _violated(rule: RuleReport, report: Report, *, consequence: bool = False) -> Iterator[tuple[str, int]]:
    times = f"{rule.broken:,} of {plural(rule.opportunities, 'time')}"
    colour = "red" if report.standing(rule) == VIOLATED else "yellow"
    yield f"[bold {colour}]{rule.severity} {rule.id}[/]  {escape(rule.title)}  ({times})", 0
    cause = report.cause(rule)
    if cause is not None:
        yield escape(because(cause, counts=report.standing(rule) == VIOLATED)), 2
    for kind in rule.kinds[:SHOWN_KINDS]:
        yield from _kind(rule, kind, marked=cause is None)
    if len(rule.kinds) > SHOWN_KINDS:
        yield f"… and {sum(kind.findings for kind in rule.kinds[SHOWN_KINDS:])} more", 2
    if consequence:
        return
    yield f"[bold]remedy[/]    {escape(rule.remedy)}", 2
    for url in rule.citations[:1]:
        yield f"[bold]source[/]    {escape(url)}", 2
    yield f"[bold]more[/]      pass-conformance explain {escape(rule.id)}", 2


def _kind(rule: RuleReport, kind: KindReport, *, marked: bool) -> Iterator[tuple[str, int]]:
    """Yield the lines of the findings of a kind: their number, the first one, and where the next ones are."""
    examples = rule.examples(kind.fingerprint, SHOWN_EXAMPLES)
    marks = [kind.state, f"{kind.waived} waived" if kind.waived else ""]
    if kind.consequence_of is not None and marked:
        marks.append(because(kind.consequence_of, counts=False))
    names = [kind.kind_in_full or OTHER_KINDS, f"{kind.findings} times" if kind.findings > 1 else "", *marks]
    yield f"• {escape('; '.join(filter(None, names)))}", 2
    for number, finding in enumerate(examples):
        if not number:
            yield f"expected  {escape(finding.expected)}", 4
            yield f"observed  {escape(finding.observed)}", 4
        if place := _place(finding):
            yield f"{'also    ' if number else 'evidence'}  {escape(place)}", 4


def _place(finding: FindingReport) -> str:
    ids = ", ".join(map(str, finding.exchanges[:SHOWN_EXCHANGES]))
    more = "…" if len(finding.exchanges) > SHOWN_EXCHANGES else ""
    parts = (
        f"exchange{'s' * (len(finding.exchanges) > 1)} {ids}{more}" if ids else "",
        f"device {finding.device_names}" if finding.device_names else "",
        finding.occasion,
        f"blame {finding.blame}" if finding.blame != "SERVICE" else "",
    )
    return "; ".join(filter(None, parts))


def _excused(rules: list[RuleReport]) -> Iterator[tuple[str, int]]:
    if rules:
        yield "", 0
        yield "[bold]violated, but excused[/]", 0
    for rule in rules:
        waived = sum(kind.waived for kind in rule.kinds)
        why = f"{waived} waived" if waived == rule.broken else f"{waived} waived, the others in the baseline"
        yield escape(f"{rule.id}  {plural(rule.broken, 'finding')}: {why if waived else 'in the baseline'}"), 2


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
        for reason, names in by_reason(rules):
            yield f"{', '.join(names)}{reason and f'  {escape(reason)}'}", 2


def _scenarios(report: Report) -> Iterator[tuple[str, int]]:
    unfinished = [*unexplained(report), *(one for one in report.scenarios if one.verdict == "passed" and one.note)]
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
