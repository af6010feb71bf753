"""Verdicts of the rules on synthetic traces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from conformance_traces import Trace

from pass_harness.conformance.evaluation.engine import Judge, RuleResult, Verdict
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.ordering import in_order
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules, select
from pass_harness.conformance.rule import Rule
from pass_harness.mock_server.exchange import Exchange, Stall


def judge(
    observations: Iterable[Observation],
    *,
    expectations: Expectations | None = None,
    waivers: Waivers | None = None,
    stalls: Sequence[Stall] = (),
    rules: Sequence[type[Rule]] | None = None,
) -> dict[str, RuleResult]:
    """Return the results of the rules (all by default) on a trace, by rule id.

    A trace with verbs is that of a driver.
    """
    seen = list(observations)
    driven = any(isinstance(observation, VerbCall) for observation in seen)
    judged = Judge(
        rules or all_rules(),
        expectations or Expectations(),
        driven=driven,
        history=EvidenceHistory(),
        waivers=waivers,
    )
    judged.learn_devices(seen)
    judged.stalled(stalls)
    for observation in in_order(seen):
        judged.observe(observation)
    return {result.card.id: result for result in judged.conclude()}


def violated(observations: Iterable[Observation], **expectations: Any) -> dict[str, RuleResult]:  # noqa: ANN401 - by name
    """Return the rules that a trace violates."""
    results = judge(observations, expectations=Expectations(**expectations))
    return {rule: result for rule, result in results.items() if result.verdict is Verdict.VIOLATED}


def silent(trace: Trace, rule: str, **expectations: Any) -> None:  # noqa: ANN401 - as above
    """Assert that the rule had its opportunity and found nothing."""
    result = judge(trace.observations, expectations=Expectations(**expectations))[rule]
    assert result.verdict is Verdict.PASSED, result


def merged(*traces: Trace) -> list[Observation]:
    """Return the observations of several devices at the same time, with unique ids."""
    observations: list[Observation] = []
    for number, trace in enumerate(traces):
        for observation in trace.observations:
            if isinstance(observation, Exchange):
                observations.append(_renumbered(observation, number))
            else:
                observations.append(observation)
    return observations


def _renumbered(exchange: Exchange, number: int) -> Exchange:
    return msgspec.structs.replace(exchange, id=exchange.id + number * 10_000)


def audited(rule: str, trace: Trace) -> Verdict:
    """Return the verdict of an audit, which sees no verbs."""
    judged = Judge(select([rule]), Expectations(), driven=False)
    for seen in trace.observations:
        judged.observe(seen)
    return next(iter(judged.conclude())).verdict
