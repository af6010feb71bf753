"""The tables of the matrix know every defect, every rule and nothing else."""

from __future__ import annotations

from matrix_expected import BREAKS, MAY_BREAK
from matrix_scenarios import PLAYS

from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.scenarios import scenario_ids
from pass_harness.fixtures.programmer_service.defects import DEFECTS

RULES = frozenset(rule.card.id for rule in all_rules())


def test_the_table_knows_every_defect_and_names_rules_that_exist() -> None:
    assert BREAKS.keys() == DEFECTS.keys()
    assert MAY_BREAK.keys() <= DEFECTS.keys()
    named = {rule for rules in (*BREAKS.values(), *MAY_BREAK.values()) for rule in rules}
    assert named <= RULES


def test_every_rule_has_a_defect_that_trips_it() -> None:
    assert {rule for rules in BREAKS.values() for rule in rules} == RULES


def test_defects_play_scenarios_that_exist() -> None:
    assert PLAYS.keys() <= DEFECTS.keys()
    assert {scenario for scenarios in PLAYS.values() for scenario in scenarios} <= set(scenario_ids())
    assert [defect for defect, scenarios in PLAYS.items() if not scenarios] == []
