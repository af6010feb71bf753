"""Liberties: every legitimate choice of the example service takes effect and violates no rule."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from matrix_runs import Outcome

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.fixtures.programmer_service.liberties import LIBERTIES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("change", LIBERTIES)
def test_a_liberty_takes_effect(outcomes: Mapping[str, Outcome], change: str) -> None:
    assert outcomes[change].effects.keys() == {change}


@pytest.mark.parametrize("change", LIBERTIES)
def test_a_liberty_violates_no_rule(outcomes: Mapping[str, Outcome], change: str) -> None:
    report = outcomes[change].report
    accused = {rule.id: rule.findings for rule in report.rules if rule.verdict == Verdict.VIOLATED}
    assert accused == {}
    assert [scenario for scenario in report.scenarios if scenario.verdict == "failed"] == []


@pytest.mark.parametrize("change", LIBERTIES)
def test_the_rules_near_a_liberty_judge_it(outcomes: Mapping[str, Outcome], change: str) -> None:
    """Silence proves something only where the rule had opportunities and judged them."""
    verdicts = {rule.id: rule.verdict for rule in outcomes[change].report.rules}
    assert {rule: verdicts[rule] for rule in LIBERTIES[change].near if verdicts[rule] != Verdict.PASSED} == {}
