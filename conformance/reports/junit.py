"""The report as JUnit XML for CI systems: each phase is a suite, each rule a test case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.reports import model
from pass_harness.conformance.reports.model import Report, RuleReport, ScenarioReport, Waived
from pass_harness.conformance.reports.numbers import plural
from pass_harness.conformance.reports.plain import evidence
from pass_harness.conformance.reports.violations import because

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot represent, not even escaped."""


@dataclass(frozen=True)
class _Case:
    """A test case; ``outcome`` is failure, error or skipped, or empty for passed."""

    name: str
    outcome: str = ""
    message: str = ""
    text: str = ""
    seconds: float = 0.0


def encode(report: Report) -> bytes:
    """Return the report as XML.

    A rule with findings that count is a failure, an inconclusive rule an error; any other rule that did not pass is
    skipped, with the reason. Findings of a rule that does not decide the verdict are advice, so it is skipped too. So
    is what probably follows from a violation that counts. Scenarios and waivers are suites of their own.
    """
    root = Element("testsuites", name="Pass Harness")
    for suite, cases in _suites(report):
        _add_suite(root, suite, cases, report)
    _count(root, [case for suite in root for case in suite.iter("testcase")])
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suites(report: Report) -> Iterator[tuple[str, list[_Case]]]:
    for phase in dict.fromkeys(rule.id.partition(".")[0] for rule in report.rules):
        yield phase, [_rule(rule, report) for rule in report.rules if rule.id.partition(".")[0] == phase]
    if report.scenarios:
        yield "scenarios", [_scenario(scenario, report) for scenario in report.scenarios]
    if report.waived:
        yield "waivers", [_waiver(waiver) for waiver in report.waived]


def _add_suite(root: Element, name: str, cases: Sequence[_Case], report: Report) -> None:
    suite = SubElement(root, "testsuite", name=name)
    if report.run.started:
        suite.set("timestamp", report.run.started)
    properties = SubElement(suite, "properties")
    run = report.run
    facts = {
        "not_judged": run.not_judged,
        "rule_set": run.rule_set,
        "service": run.service,
        "mock": run.mock,
        "files": ", ".join(run.files),
    }
    for key, value in facts.items():
        if value:
            SubElement(properties, "property", name=key, value=_plain(value))
    for case in cases:
        element = SubElement(suite, "testcase", classname=name, name=_plain(case.name), time=f"{case.seconds:.3f}")
        if case.outcome:
            result = SubElement(element, case.outcome, message=_plain(case.message))
            result.text = _plain(case.text)
        elif case.text:
            SubElement(element, "system-out").text = _plain(case.text)
    _count(suite, list(suite.iter("testcase")))


def _count(element: Element, cases: Sequence[Element]) -> None:
    element.set("tests", str(len(cases)))
    for outcome, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(outcome) is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")


def _rule(rule: RuleReport, report: Report) -> _Case:
    name = rule.id.partition(".")[2]
    summary = f"violated {rule.broken} of {plural(rule.opportunities, 'time')}: {rule.title}"
    reasons = "; ".join(rule.reasons)
    cause = report.cause(rule)
    match report.standing(rule):
        case model.CONSEQUENCE if cause is not None:
            return _Case(name, "skipped", f"{because(cause, counts=False)}; {summary}", evidence(rule))
        case model.ADVICE:
            return _Case(name, "skipped", f"advice ({rule.severity}): {summary}", evidence(rule))
        case model.EXCUSED:
            return _Case(name, "skipped", f"excused by a waiver or the baseline: {summary}", evidence(rule))
        case Verdict.VIOLATED:
            return _Case(name, "failure", summary, evidence(rule))
        case Verdict.INCONCLUSIVE:
            return _Case(name, "error", f"inconclusive: {reasons}")
        case Verdict.PASSED:
            return _Case(name, text=plural(rule.opportunities, "opportunity", "opportunities"))
        case _:
            return _Case(name, "skipped", f"{rule.verdict}: {reasons}" if reasons else rule.verdict)


def _scenario(scenario: ScenarioReport, report: Report) -> _Case:
    note = " ".join(filter(None, (scenario.blame, scenario.note)))
    cause = scenario.consequence_of
    if cause is not None and report.explained(cause):
        return _Case(scenario.id, "skipped", because(cause, counts=False), f"failed: {note}", scenario.seconds)
    outcome = {"failed": "error", "skipped": "skipped"}.get(scenario.verdict, "")
    return _Case(scenario.id, outcome, note, seconds=scenario.seconds)


def _waiver(waiver: Waived) -> _Case:
    if not waiver.fails:
        return _Case(waiver.rule, text=f"{waiver.excused} findings until {waiver.until}: {waiver.reason}")
    state = f"expired on {waiver.until}" if waiver.expired else "stale: no finding matches it"
    return _Case(waiver.rule, "failure", state, f"{waiver.owner}: {waiver.reason}")


def _plain(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
