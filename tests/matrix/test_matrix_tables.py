"""The tables of the matrix name every defect and only existing rules and scenarios."""

from __future__ import annotations

from matrix_expected import BREAKS, MAY_BREAK
from matrix_scenarios import PLAYS
from real_time_sample import DEFECTS as SAMPLED_DEFECTS
from real_time_sample import LIBERTIES as SAMPLED_LIBERTIES

from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.scenarios import scenario_ids
from pass_harness.fixtures.programmer_service.changes import CHANGES
from pass_harness.fixtures.programmer_service.defects import DEFECTS
from pass_harness.fixtures.programmer_service.liberties import LIBERTIES

RULES = frozenset(rule.card.id for rule in all_rules())


def test_the_table_has_every_defect_and_only_existing_rules() -> None:
    assert BREAKS.keys() == DEFECTS.keys()
    assert MAY_BREAK.keys() <= DEFECTS.keys()
    named = {rule for rules in (*BREAKS.values(), *MAY_BREAK.values()) for rule in rules}
    assert named <= RULES


def test_every_rule_has_a_defect_that_trips_it() -> None:
    assert {rule for rules in BREAKS.values() for rule in rules} == RULES


def test_defects_play_only_existing_scenarios() -> None:
    assert PLAYS.keys() <= CHANGES.keys()
    assert {scenario for scenarios in PLAYS.values() for scenario in scenarios} <= set(scenario_ids())
    assert [defect for defect, scenarios in PLAYS.items() if not scenarios] == []


def test_the_sample_for_real_time_has_20_defects_and_20_liberties() -> None:
    assert len({*SAMPLED_DEFECTS} & DEFECTS.keys()) == 20
    assert len({*SAMPLED_LIBERTIES} & LIBERTIES.keys()) == 20
