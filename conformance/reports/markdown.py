"""The report as Markdown for the summary of a CI job, within the size limit of GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.printable import printable
from pass_harness.conformance.reports.model import (
    ADVICE,
    CONSEQUENCE,
    EXCUSED,
    NEW,
    VIOLATED,
    EarlierFinding,
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
    lead,
    sentence,
    tally,
    unexplained,
    violations,
)

LARGEST = 1_000_000
"""Maximum size in bytes. GitHub does not show a step summary over 1 MiB."""
SHOWN_KINDS = 4
SHOWN_NEW = 20
"""Maximum number of new findings in the list at the top; the sections below have all of them."""
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
    numbers = ", ".join(f"{number} {word}" for number, word, _ in tally(report))
    yield f"## {MARKS[report.verdict]} Adobe Pass conformance: {headline(report)}"
    yield ""
    yield escaped(lead(report))
    if report.run.not_judged:
        yield f"\n{escaped(sentence(report.run.not_judged))}."
    yield ""
    rule_set = f" ({escaped(report.run.rule_set)})" if report.run.rule_set else ""
    yield f"{plural(len(report.rules), 'rule')}{rule_set}: {numbers}."
    run = report.run
    if run.exchanges:
        judged = _code(run.service or ", ".join(run.files))
        yield f"{plural(run.exchanges, 'exchange')} of {judged} in {span(run.seconds)}."
    if run.assumed_architecture:
        yield f"Architecture {escaped(run.assumed_architecture)}."
    yield from _baseline(report)
    if report.history is not None:
        yield f"\nHistory of {plural(len(report.history.runs), 'run')}: {report.history.in_short}."
    found = violations(report)
    for standing, heading in ((VIOLATED, "Violated"), (ADVICE, "Advice (does not decide the verdict)")):
        shown = [violation for violation in found if violation.standing == standing]
        if shown:
            yield f"\n### {heading}"
        for violation in shown:
            yield from _violation(violation, report)
    yield from _excused(report)
    yield from _waivers(report)
    yield from _not_judged(report.rules)
    yield from _scenarios(report)


def _violation(violation: Violation, report: Report) -> Iterator[str]:
    yield from _rule(violation.rule, report)
    if not violation.size:
        return
    number = " and ".join(
        plural(len(found), noun)
        for found, noun in ((violation.consequences, "violated rule"), (violation.scenarios, "failed scenario"))
        if found
    )
    yield f"\n<details><summary>Probable consequences: {number}</summary>\n"
    for rule in violation.consequences:
        yield from _rule(rule, report)
    for cause, scenarios in by_cause(violation.scenarios):
        names = ", ".join(_code(scenario.id) for scenario in scenarios)
        yield f"\n{plural(len(scenarios), 'failed scenario')} ({escaped(because(cause, counts=False))}): {names}"
    yield "\n</details>"


def _rule(rule: RuleReport, report: Report) -> Iterator[str]:
    waived = sum(kind.waived for kind in rule.kinds)
    excused = f", {waived} of them waived" if waived else ""
    times = f"{rule.broken:,} of {plural(rule.opportunities, 'time')}"
    yield f"\n**{rule.title}** ({rule.severity} `{rule.id}`, {times}{excused})\n"
    cause = report.cause(rule)
    if cause is not None:
        yield f"*{escaped(sentence(because(cause, counts=report.standing(rule) == VIOLATED)))}*\n"
    for kind in rule.kinds[:SHOWN_KINDS]:
        yield f"- {_kind(rule, kind, marked=cause is None)}"
    if len(rule.kinds) > SHOWN_KINDS:
        yield f"- … and {sum(kind.findings for kind in rule.kinds[SHOWN_KINDS:])} more"
    if report.standing(rule) == CONSEQUENCE:
        return
    yield f"\nRemedy: {escaped(rule.remedy)}"
    if rule.citations:
        yield f"Source: [{escaped(rule.sources[0] if rule.sources else 'Adobe')}]({rule.citations[0]})"
    yield f"More: `pass-conformance explain {rule.id}`"


def _kind(rule: RuleReport, kind: KindReport, *, marked: bool) -> str:
    """Return the findings of a kind on one line: their number, the first one, and its place."""
    marks = [kind.state, "waived" if kind.waived == kind.findings else ""]
    if kind.consequence_of is not None and marked:
        marks.append(because(kind.consequence_of, counts=False))
    times = f"{kind.findings} times: " if kind.findings > 1 else ""
    text = "".join(f"**{escaped(mark)}** " for mark in marks if mark) + times
    for finding in rule.examples(kind.fingerprint, 1):
        device = f"device {_code(finding.device_names)}" if finding.device_names else ""
        where = ", ".join(filter(None, (device, escaped(finding.occasion))))
        text += f"{escaped(finding.observed)}; expected {escaped(finding.expected)}" + (
            f" ({where})" if where else ""
        )
    return text + (f", at `{kind.endpoint}`" if kind.endpoint else "")


def _excused(report: Report) -> Iterator[str]:
    excused = [rule for rule in report.rules if report.standing(rule) == EXCUSED]
    if excused:
        yield "\n### Violated, but excused\n"
    for rule in excused:
        yield f"- `{rule.id}`: {plural(rule.broken, 'finding')}, waived or in the baseline"


def _baseline(report: Report) -> Iterator[str]:
    baseline = report.baseline
    if baseline is None:
        return
    counted = " Only new ones count." if report.fail_on == "new" else ""
    yield (
        f"\nAgainst the baseline {_code(baseline.file)}: **{baseline.new} new**, {baseline.persisting} persisting, "
        f"{len(baseline.fixed)} fixed.{counted}"
    )
    yield from _new(report)
    yield from _earlier("Fixed", baseline.fixed)
    yield from _earlier("In the baseline, but not judged this time", baseline.unjudged)


def _new(report: Report) -> Iterator[str]:
    found = [
        (rule, kind)
        for rule in report.rules
        for kind in rule.kinds
        if kind.state == NEW and kind.waived < kind.findings
    ]
    if found:
        yield "\nNew:\n"
    for rule, kind in found[:SHOWN_NEW]:
        yield f"- `{rule.id}`: {escaped(kind.observed or kind.kind_in_full)}"
    if len(found) > SHOWN_NEW:
        yield f"- … and {len(found) - SHOWN_NEW} more"


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
            for reason, names in by_reason(found):
                yield f"- {', '.join(f'`{name}`' for name in names)}" + (f": {escaped(reason)}" if reason else "")
            yield "\n</details>"


def _scenarios(report: Report) -> Iterator[str]:
    unfinished = unexplained(report)
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
