"""The table of opportunities is the one measured, and scenarios exercise each requirement of the ledger."""

from __future__ import annotations

import pytest
from matrix_expected import BREAKS
from matrix_scenarios import PLAYS
from opportunities import PATH, measure, text

from pass_harness.conformance.registry import rule_ids
from pass_harness.conformance.requirements.ledger import Requirement, requirements
from pass_harness.conformance.scenarios import SCENARIOS, scenario_ids
from pass_harness.conformance.scenarios.opportunities import exercising, opportunities

TOGETHER = {"environment.connections-reused"}
"""Rules that judge the whole run, so that no single scenario exercises them."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_table_is_the_measured_one() -> None:
    assert PATH.read_text("utf-8") == text(measure()), "run: python tests/matrix/opportunities.py"


def test_the_table_has_every_rule_and_only_existing_scenarios() -> None:
    assert [*opportunities()] == rule_ids(), "run: python tests/matrix/opportunities.py"
    assert {scenario for row in opportunities().values() for scenario in row} <= set(scenario_ids())
    assert {rule for rule, row in opportunities().items() if not row} == TOGETHER


@pytest.mark.parametrize("defect", [defect for defect in BREAKS if BREAKS[defect] and defect in PLAYS])
def test_a_selected_rule_still_finds_its_defects(defect: str) -> None:
    """Some breaches show in a scenario in which a compliant service gives the rule no opportunity."""
    for rule in BREAKS[defect]:
        assert set(PLAYS[defect]) <= {scenario.id for scenario in exercising([rule])}


def test_selected_rules_play_the_scenarios_that_exercise_them() -> None:
    assert [one.id for one in exercising(["errors.circuit-breaker", "authorization.mrss-passed-intact"])] == [
        "play-mrss",
        "lasting-outage",
    ]
    assert exercising([*TOGETHER]) == exercising(["a.new-rule"]) == SCENARIOS


@pytest.mark.parametrize("row", [row for row in requirements() if row.rules], ids=lambda row: row.says[:60])
def test_the_scenarios_of_a_requirement_exercise_its_rules(row: Requirement) -> None:
    table = opportunities()
    assert set(row.scenarios) <= set(scenario_ids())
    for rule in row.rules:
        exercised_by = set(table[rule]) or (set(scenario_ids()) if rule in TOGETHER else set())
        assert exercised_by, f"no scenario gives {rule} opportunities"
        if row.scenarios:
            assert exercised_by & set(row.scenarios), f"{rule} has no opportunity in {', '.join(row.scenarios)}"


def test_a_scenario_named_by_a_requirement_exercises_one_of_its_rules() -> None:
    table = opportunities()
    idle = [
        (row.says, scenario)
        for row in requirements()
        for scenario in row.scenarios
        if not any(scenario in table[rule] for rule in row.rules)
    ]
    assert idle == []
