"""The report as Markdown for the summary of a CI job, within the size limit of GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.printable import printable
from pass_harness.conformance.reports.model import EarlierFinding, FindingReport, Report, RuleReport

LARGEST = 1_000_000
"""Maximum size in bytes. GitHub does not show a step summary over 1 MiB."""
SHOWN_FINDINGS = 3
LONGEST = 500
"""Maximum number of characters of a text from a request."""
MARKS = {"passed": "✅", "violated": "❌", "inconclusive": "❔"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!$])")


def encode(report: Report) -> bytes:
    """Return the report, cut after the last line that fits in `LARGEST` bytes."""
    lines: list[bytes] = []
    left = LARGEST - 200
    for line in _lines(report):
        encoded = line.encode("utf-8", "replace") + b"\n"
        left -= len(encoded)
        if left < 0:
            lines.append(b"\nThe report is cut here; report.html has the rest.\n")
            break
        lines.append(encoded)
    return b"".join(lines)


def _lines(report: Report) -> Iterator[str]:
    numbers = ", ".join(
        f"{count} {verdict}"
        for verdict in Verdict
        if (count := sum(rule.verdict == verdict for rule in report.rules))
    )
    yield f"## {MARKS[report.verdict]} Adobe Pass conformance: {report.verdict}"
    yield ""
    rule_set = f" ({escaped(report.run.rule_set)})" if report.run.rule_set else ""
    yield f"{len(report.rules)} rules{rule_set}: {numbers}."
    run = report.run
    if run.exchanges:
        judged = _code(run.service or ", ".join(run.files))
        yield f"{run.exchanges} exchanges of {judged} in {run.seconds:.1f} s."
    if run.not_judged:
        yield f"{escaped(run.not_judged)}."
    yield from _baseline(report)
    for severity, heading in (("MUST", "Violated"), ("SHOULD", "Advice")):
        rules = [rule for rule in report.rules if rule.verdict == Verdict.VIOLATED and rule.severity == severity]
        if rules:
            yield f"\n### {heading}"
        for rule in rules:
            yield from _rule(rule)
    yield from _waivers(report)
    yield from _not_judged(report.rules)
    yield from _scenarios(report)


def _rule(rule: RuleReport) -> Iterator[str]:
    waived = sum(kind.waived for kind in rule.kinds)
    excused = f", {waived} of them waived" if waived else ""
    yield f"\n**{rule.title}** (`{rule.id}`, {rule.broken} of {rule.opportunities} times{excused})\n"
    for finding in rule.findings[:SHOWN_FINDINGS]:
        yield f"- {_finding(finding)}"
    if rule.broken > SHOWN_FINDINGS:
        yield f"- … and {rule.broken - SHOWN_FINDINGS} more"
    yield f"\nRemedy: {escaped(rule.remedy)}"
    if rule.citations:
        yield f"Source: [{escaped(rule.sources[0] if rule.sources else 'Adobe')}]({rule.citations[0]})"


def _finding(finding: FindingReport) -> str:
    marks = "".join(f"**{mark}** " for mark in (finding.state, "waived" if finding.waived else "") if mark)
    where = f" (device {_code(finding.device)})" if finding.device else ""
    return f"{marks}{escaped(finding.observed)}; expected {escaped(finding.expected)}{where}"


def _baseline(report: Report) -> Iterator[str]:
    baseline = report.baseline
    if baseline is None:
        return
    counted = " Only new ones count." if report.fail_on == "new" else ""
    yield (
        f"\nAgainst the baseline {_code(baseline.file)}: **{baseline.new} new**, {baseline.persisting} persisting, "
        f"{len(baseline.fixed)} fixed.{counted}"
    )
    yield from _earlier("Fixed", baseline.fixed)
    yield from _earlier("In the baseline, but not judged this time", baseline.unjudged)


def _earlier(heading: str, findings: Sequence[EarlierFinding]) -> Iterator[str]:
    if findings:
        yield f"\n{heading}:\n"
        yield from (f"- `{finding.rule}`: {escaped(finding.observed)}" for finding in findings)


def _waivers(report: Report) -> Iterator[str]:
    if report.waived:
        yield "\n### Waivers\n\n| rule | excuses | until | owner | reason |\n|---|---|---|---|---|"
    for waiver in report.waived:
        note = " **expired**" if waiver.expired else " **stale: remove it**" if waiver.stale else ""
        cells = (escaped(waiver.owner), escaped(waiver.reason))
        yield f"| `{waiver.rule}` | {waiver.excused}{note} | {waiver.until} | {' | '.join(cells)} |"


def _not_judged(rules: Sequence[RuleReport]) -> Iterator[str]:
    for verdict in (Verdict.INCONCLUSIVE, Verdict.UNTESTABLE, Verdict.NOT_EXERCISED):
        found = [rule for rule in rules if rule.verdict == verdict]
        if found:
            yield f"\n<details><summary>{len(found)} {verdict}</summary>\n"
            yield from (
                f"- `{rule.id}`" + (f": {escaped('; '.join(rule.reasons))}" if rule.reasons else "") for rule in found
            )
            yield "\n</details>"


def _scenarios(report: Report) -> Iterator[str]:
    unfinished = [scenario for scenario in report.scenarios if scenario.verdict != "passed"]
    if unfinished:
        yield "\n### Scenarios that did not complete\n"
    for scenario in unfinished:
        blame = f" [{scenario.blame}]" if scenario.blame else ""
        yield f"- `{scenario.id}` {scenario.verdict}{blame}: {escaped(scenario.note)}"


def escaped(text: str) -> str:
    """Return a text on one line, its characters that are special in Markdown or HTML escaped."""
    return _SPECIAL.sub(r"\\\1", _cut(text)).replace("@", "@\N{ZERO WIDTH SPACE}")


def _code(text: str | None) -> str:
    """Return a text as a code span, with a longer fence than any run of backticks in it."""
    plain = _cut(text or "").replace("|", "\\|")
    fence = "`" * (max(map(len, re.findall("`+", plain)), default=0) + 1)
    space = " " if "`" in plain else ""
    return f"{fence}{space}{plain}{space}{fence}"


def _cut(text: str) -> str:
    line = printable(" ".join(text.split()))
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
