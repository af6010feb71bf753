"""The remarks that CI systems show beside a file or a run, in three formats.

GitHub and Azure read commands from the log, GitLab a file with a Code Quality report. A finding has no line of source
code, so each is located at the first line of the judged file: the service.toml or the trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.reports.model import (
    ADVICE,
    CONSEQUENCE,
    NEW,
    VIOLATED,
    KindReport,
    Report,
    RuleReport,
)
from pass_harness.conformance.reports.numbers import plural
from pass_harness.conformance.reports.violations import because, sentence, unexplained

ERROR, WARNING, NOTICE = "error", "warning", "notice"
LEVELS = (ERROR, WARNING, NOTICE)
SHOWN = 10
"""Maximum number of annotations of a level. GitHub shows ten of each level from a step, and drops the others."""
LONGEST = 4_000
"""Maximum number of characters of a message."""
SEVERITIES = {ERROR: "critical", WARNING: "minor", NOTICE: "info"}
"""Severities of GitLab."""
# https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
_GITHUB_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_GITHUB_VALUE = {**_GITHUB_MESSAGE, ":": "%3A", ",": "%2C"}
# https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands#formatting-commands
_AZURE = {"%": "%AZP25", ";": "%3B", "\r": "%0D", "\n": "%0A", "]": "%5D"}


@dataclass(frozen=True)
class Annotation:
    """A remark: ``subject`` is a rule or a scenario, ``fingerprint`` that of the finding, or empty."""

    level: str
    subject: str
    message: str
    fingerprint: str = ""
    new: bool = False


def github(report: Report) -> bytes:
    """Return workflow commands, one a line, for the log of a step in GitHub Actions."""
    place = f"file={_escaped(_file(report), _GITHUB_VALUE)},line=1,"
    return "".join(
        f"::{one.level} {place}title={_escaped(one.subject, _GITHUB_VALUE)}::"
        f"{_escaped(one.message, _GITHUB_MESSAGE)}\n"
        for one in _shown(report)
    ).encode("utf-8", "replace")


def azure(report: Report) -> bytes:
    """Return logging commands, one a line, for the log of a step in Azure Pipelines, which has no notices."""
    place = f"sourcepath={_escaped(_file(report), _AZURE)};linenumber=1;columnnumber=1"
    return "".join(
        f"##vso[task.logissue type={one.level};{place};code={_escaped(one.subject, _AZURE)}]"
        f"{_escaped(one.message, _AZURE)}\n"
        for one in _shown(report)
        if one.level != NOTICE
    ).encode("utf-8", "replace")


def gitlab(report: Report) -> bytes:
    """Return a Code Quality report (JSON). GitLab itself compares it with that of the target branch."""
    issues = [
        {
            "description": f"{one.subject}: {one.message}",
            "check_name": one.subject,
            "fingerprint": f"{one.subject}/{one.fingerprint}",
            "severity": SEVERITIES[one.level],
            "location": {"path": _file(report), "lines": {"begin": 1}},
        }
        for one in all_annotations(report)
        if one.fingerprint
    ]
    return msgspec.json.format(msgspec.json.encode(issues), indent=2) + b"\n"


def all_annotations(report: Report) -> list[Annotation]:
    """Return all annotations: by level, and new findings first.

    Findings are errors if they decide the verdict, advice is a warning, and a probable consequence a notice. Excused
    findings have no annotation.
    """
    found = [*_findings(report), *_others(report)]
    return sorted(found, key=lambda one: (LEVELS.index(one.level), not one.new))


def _findings(report: Report) -> Iterator[Annotation]:
    levels = {VIOLATED: ERROR, ADVICE: WARNING, CONSEQUENCE: NOTICE}
    for rule in report.rules:
        level = levels.get(report.standing(rule))
        for kind in rule.kinds if level else ():
            if level and kind.counted(report.fail_on):
                shown = NOTICE if report.explained(kind.consequence_of) else level
                yield Annotation(shown, rule.id, _message(rule, kind), kind.fingerprint, new=kind.state == NEW)


def _message(rule: RuleReport, kind: KindReport) -> str:
    lines = [f"{kind.state}: {rule.title}" if kind.state else rule.title]
    times = f", {kind.findings} times" if kind.findings > 1 else ""
    for finding in rule.examples(kind.fingerprint, 1):
        lines.append(f"observed{times}: {finding.observed}; expected {finding.expected}")
        lines += [sentence(finding.occasion)] * bool(finding.occasion)
    if kind.consequence_of is not None:
        lines.append(sentence(because(kind.consequence_of, counts=False)))
    return "\n".join([*lines, f"remedy: {rule.remedy}"])


def _others(report: Report) -> Iterator[Annotation]:
    """Yield what else decides the exit code, and what the baseline has and this run has not."""
    for waiver in report.waived:
        if waiver.fails:
            state = "has expired" if waiver.expired else "is stale: no finding matches it"
            yield Annotation(ERROR, waiver.rule, f"the waiver until {waiver.until} {state}")
    for scenario in unexplained(report):
        if scenario.verdict == "failed":
            yield Annotation(ERROR, f"scenario {scenario.id}", f"the scenario did not complete: {scenario.note}")
    for rule in report.rules:
        if rule.verdict == Verdict.INCONCLUSIVE and report.decides(rule):
            yield Annotation(WARNING, rule.id, f"inconclusive: {'; '.join(rule.reasons)}")
    for gone in report.baseline.fixed if report.baseline else ():
        yield Annotation(NOTICE, gone.rule, f"fixed since the baseline: {gone.observed}")


def _shown(report: Report) -> Iterator[Annotation]:
    """Yield at most `SHOWN` annotations of each level; the last one says how many others there are."""
    every = all_annotations(report)
    for level in LEVELS:
        found = [one for one in every if one.level == level]
        if len(found) <= SHOWN:
            yield from found
            continue
        yield from found[: SHOWN - 1]
        others = found[SHOWN - 1 :]
        subjects = ", ".join(dict.fromkeys(one.subject for one in others))
        yield Annotation(level, f"{plural(len(others), 'other')}, see report.html", subjects)


def _file(report: Report) -> str:
    """Return the path of the judged file below the working directory, which is the checkout; else service.toml."""
    path = Path(report.run.files[0] if report.run.files else "service.toml").absolute()
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else "service.toml"


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return re.sub("|".join(map(re.escape, escapes)), lambda found: escapes[found[0]], cut)
