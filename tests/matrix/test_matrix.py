"""Rules and defects: every defect trips its own rules, no innocent one, and the compliant service trips none."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from matrix_expected import BREAKS, COMPLIANT, MAY_BREAK

from conformance.engine import Verdict
from conformance.registry import all_rules
from conformance.reports.model import Report, RuleReport
from fixtures.programmer_service.defects import DEFECTS

RULES = frozenset(rule.card.id for rule in all_rules())

pytestmark = pytest.mark.timeout(900)


def with_verdict(report: Report, verdict: Verdict) -> dict[str, RuleReport]:
    return {rule.id: rule for rule in report.rules if rule.verdict == verdict}


def test_the_table_knows_every_defect_and_names_rules_that_exist() -> None:
    assert BREAKS.keys() == DEFECTS.keys()
    assert MAY_BREAK.keys() <= DEFECTS.keys()
    named = {rule for rules in (*BREAKS.values(), *MAY_BREAK.values()) for rule in rules}
    assert named <= RULES


def test_the_compliant_service_breaks_nothing(reports: Mapping[str, Report]) -> None:
    report = reports[COMPLIANT]
    assert [scenario for scenario in report.scenarios if scenario.verdict != "passed"] == []
    assert with_verdict(report, Verdict.VIOLATED) == {}
    assert (report.verdict, report.exit_code) == ("passed", 0)


def test_every_rule_with_a_defect_is_exercised_by_the_compliant_service(reports: Mapping[str, Report]) -> None:
    passed = with_verdict(reports[COMPLIANT], Verdict.PASSED)
    assert {rule for rules in BREAKS.values() for rule in rules} <= passed.keys()


@pytest.mark.parametrize("defect", BREAKS)
def test_a_defect_trips_its_own_rules(reports: Mapping[str, Report], defect: str) -> None:
    violated = with_verdict(reports[defect], Verdict.VIOLATED)
    assert {*BREAKS[defect]} <= violated.keys()
    assert all(finding.expected and finding.observed for rule in violated.values() for finding in rule.findings)


@pytest.mark.parametrize("defect", BREAKS)
def test_a_defect_trips_no_innocent_rule(reports: Mapping[str, Report], defect: str) -> None:
    violated = with_verdict(reports[defect], Verdict.VIOLATED)
    innocent = violated.keys() - {*BREAKS[defect]} - MAY_BREAK.get(defect, {}).keys()
    assert {rule: violated[rule].findings for rule in innocent} == {}


def test_the_matrix_is_shown(reports: Mapping[str, Report], capsys: pytest.CaptureFixture[str]) -> None:
    table = as_markdown(reports)
    with capsys.disabled():
        print("", table, sep="\n")  # noqa: T201 - the matrix is what this test is for
    assert table.count("\n") == len(reports) + 1


def as_markdown(reports: Mapping[str, Report]) -> str:
    """A row for each run: the rules that it must trip and did (bold), those it may trip, those it did by mistake."""
    rows = ["| service | verdict | violated | seconds |", "|---|---|---|---|"]
    for name, report in reports.items():
        violated = sorted(with_verdict(report, Verdict.VIOLATED))
        shown = ", ".join(f"**{rule}**" if rule in BREAKS.get(name, ()) else rule for rule in violated)
        rows.append(f"| {name} | {report.verdict} | {shown} | {report.run.seconds:.0f} |")
    return "\n".join(rows)
