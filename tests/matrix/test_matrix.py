"""The matrix: every defect violates its rules and no other, and the compliant service violates none.

A defect plays its tripping scenarios, with PASS_HARNESS_FULL_MATRIX all of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from matrix_expected import BREAKS, COMPLIANT, MAY_BREAK, NOT_EXERCISED
from matrix_runs import Outcome

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports.model import Report, RuleReport
from pass_harness.fixtures.programmer_service.liberties import LIBERTIES

RULES = frozenset(rule.card.id for rule in all_rules())

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def with_verdict(report: Report, verdict: Verdict) -> dict[str, RuleReport]:
    return {rule.id: rule for rule in report.rules if rule.verdict == verdict}


def test_the_compliant_service_violates_nothing(outcomes: Mapping[str, Outcome]) -> None:
    report = outcomes[COMPLIANT].report
    assert [scenario for scenario in report.scenarios if scenario.verdict != "passed"] == []
    assert with_verdict(report, Verdict.VIOLATED) == {}
    assert (report.verdict, report.exit_code) == ("passed", 0)
    assert outcomes[COMPLIANT].effects == {}


def test_every_rule_is_exercised_by_the_compliant_service(outcomes: Mapping[str, Outcome]) -> None:
    assert with_verdict(outcomes[COMPLIANT].report, Verdict.PASSED).keys() == RULES - NOT_EXERCISED.keys()


def test_a_liberty_exercises_the_rules_that_the_compliant_service_does_not() -> None:
    assert {rule for liberty in LIBERTIES.values() for rule in liberty.near} >= NOT_EXERCISED.keys()


@pytest.mark.parametrize("change", BREAKS)
def test_a_defect_takes_effect(outcomes: Mapping[str, Outcome], change: str) -> None:
    """A run is void if its defect never took effect: its verdicts prove nothing."""
    assert outcomes[change].effects.keys() == {change}


@pytest.mark.parametrize("change", BREAKS)
def test_a_defect_trips_its_own_rules(outcomes: Mapping[str, Outcome], change: str) -> None:
    violated = with_verdict(outcomes[change].report, Verdict.VIOLATED)
    assert {*BREAKS[change]} <= violated.keys()
    assert all(finding.expected and finding.observed for rule in violated.values() for finding in rule.findings)


@pytest.mark.parametrize("change", BREAKS)
def test_a_defect_trips_no_other_rule(outcomes: Mapping[str, Outcome], change: str) -> None:
    violated = with_verdict(outcomes[change].report, Verdict.VIOLATED)
    innocent = violated.keys() - {*BREAKS[change]} - MAY_BREAK.get(change, {}).keys()
    assert {rule: violated[rule].findings for rule in innocent} == {}
