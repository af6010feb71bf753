"""Every rule flags what breaks it, with evidence that a person can follow."""

from __future__ import annotations

import pytest
from breakers import BREAKERS
from trace_judging import judge

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules

RULES = {rule.card.id: rule for rule in all_rules()}


def test_every_rule_has_a_trace_that_breaks_it() -> None:
    assert set(BREAKERS) == set(RULES)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_rule_flags_its_breaker_with_evidence(rule: str) -> None:
    trace = BREAKERS[rule]()

    result = judge(trace.observations, expectations=Expectations(hidden_mvpds=("TempPass*",)))[rule]

    assert result.verdict is Verdict.VIOLATED
    evidence = result.findings[0].evidence
    known = {observation.id for observation in trace.observations if hasattr(observation, "id")}
    assert set(evidence.exchanges) <= known
    assert evidence.expected
    assert evidence.observed
