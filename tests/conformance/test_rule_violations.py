"""Every rule reports its violating trace, with readable evidence."""

from __future__ import annotations

import pytest
from breakers import BREAKERS, BREAKERS_BY_KIND
from findings_file import HIDING, recorded, section
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.registry import all_rules

RULES = {rule.card.id: rule for rule in all_rules()}
RECORDED = recorded()
TRACES_NEED_VERBS = {
    "authentication.known-mvpd-asked-directly",
    "authentication.poll-stops-on-logout",
    "environment.dns-at-most-30s",
    "errors.server-errors-bounded",
    "errors.server-errors-spaced",
}
"""Rules of calls to Adobe Pass alone whose violating traces have no opportunity without their verbs."""


def test_every_rule_has_a_violating_trace() -> None:
    assert set(BREAKERS) == set(RULES)


def test_every_kind_has_a_violating_trace() -> None:
    assert (
        set(BREAKERS_BY_KIND)
        == set(RECORDED)
        == {(rule.card.id, kind) for rule in RULES.values() for kind in rule.card.kinds}
    )


@pytest.mark.parametrize(("rule", "kind"), sorted(BREAKERS_BY_KIND))
def test_the_rule_flags_its_violating_trace_with_evidence(rule: str, kind: str) -> None:
    trace = BREAKERS_BY_KIND[rule, kind]()

    results = judge(trace.observations, expectations=HIDING)

    result = results[rule]
    assert result.verdict is Verdict.VIOLATED
    evidence = next(finding.evidence for finding in result.findings if finding.evidence.kind == kind)
    known = {observation.id for observation in trace.observations if hasattr(observation, "id")}
    assert set(evidence.exchanges) <= known
    assert evidence.expected
    assert evidence.observed
    assert section(rule, kind, results) == RECORDED.get((rule, kind)), (
        "run: python tests/conformance/write_findings.py"
    )


def test_a_rule_that_judges_the_app_is_one_without_an_opportunity_without_verbs() -> None:
    idle = set(RULES)
    for (rule, _), make in BREAKERS_BY_KIND.items():
        exchanges = [seen for seen in make().observations if not isinstance(seen, VerbCall)]
        result = judge(exchanges, expectations=HIDING, rules=(RULES[rule],))[rule]
        if result.opportunities or result.unclear:
            idle.discard(rule)
    judging = {name for name, rule in RULES.items() if rule.card.judges_app and not rule.judges_without_verbs}

    assert idle == judging | TRACES_NEED_VERBS
