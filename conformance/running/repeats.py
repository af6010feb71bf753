"""Scenarios that are played again because the mock lagged, and the observations that then count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pass_harness.conformance.evaluation.engine import RuleResult, Verdict
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.reports.model import ScenarioReport
from pass_harness.conformance.rule import Rule
from pass_harness.conformance.scenarios.opportunities import exercising
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.mock_server.exchange import Exchange

AT_ONCE = 4
"""Scenarios that are repeated concurrently: fewer than before, so that the mock keeps up."""
NOTE = "played again by itself, because the mock lagged"
ADVICE = (
    "the scenarios were played again by themselves, which did not help: end other processes of this machine, run the "
    "mock on another one, or play fewer scenarios at a time (--scenario {})"
)


def inconclusive(rules: Iterable[type[Rule]], results: Iterable[RuleResult]) -> list[type[Rule]]:
    """Return the rules whose results are inconclusive."""
    unclear = {result.card.id for result in results if result.verdict is Verdict.INCONCLUSIVE}
    return [rule for rule in rules if rule.card.id in unclear]


def to_repeat(
    results: Iterable[RuleResult], seen: Sequence[Observation], played: Sequence[type[Scenario]]
) -> list[type[Scenario]]:
    """Return the played scenarios that exercise an inconclusive rule, and during which the mock lagged."""
    unclear = [result.card.id for result in results if result.verdict is Verdict.INCONCLUSIVE]
    if not unclear:
        return []
    scenarios = _scenarios_by_name(seen)
    limit_ms = Expectations().lag_limit_ms
    lagging = {_scenario(scenarios, one) for one in seen if one.lag_ms > limit_ms}
    wanted = exercising(unclear)
    return [scenario for scenario in played if scenario in wanted and scenario.id in lagging]


def without(seen: Sequence[Observation], repeated: Iterable[type[Scenario]]) -> list[Observation]:
    """Return the observations without those of scenarios that are repeated.

    Registrations and access tokens stay, because the other devices use them too. So do the actions on the whole
    service, such as a restart, which explain them.
    """
    scenarios, left_out = _scenarios_by_name(seen), {scenario.id for scenario in repeated}
    return [
        one
        for one in seen
        if (one.endpoint.startswith("dcr.") if isinstance(one, Exchange) else not one.device)
        or _scenario(scenarios, one) not in left_out
    ]


def merged(
    first: Iterable[RuleResult], second: Iterable[RuleResult], repeated: Iterable[type[Scenario]]
) -> list[RuleResult]:
    """Return the results with those of the second evaluation, and advice where a rule is still inconclusive."""
    again = {result.card.id: result for result in second}
    advice = ADVICE.format(" --scenario ".join(scenario.id for scenario in repeated))
    return [
        replace(found, reasons=(*found.reasons, advice)) if found.verdict is Verdict.INCONCLUSIVE else found
        for found in (again.get(result.card.id, result) for result in first)
    ]


def marked(reports: Iterable[ScenarioReport], repeated: Iterable[ScenarioReport]) -> list[ScenarioReport]:
    """Return the reports of scenarios, those that were repeated with a note."""
    again = {report.id: report for report in repeated}
    for report in again.values():
        report.note = "; ".join(filter(None, (report.note, NOTE)))
    return [again.get(report.id, report) for report in reports]


def _scenarios_by_name(seen: Iterable[Observation]) -> dict[str, str]:
    """Return the scenario of each device identifier and address."""
    calls = [one for one in seen if isinstance(one, VerbCall) and one.device]
    return {name: call.scenario for call in calls for name in (call.device, call.ip)}


def _scenario(scenarios: dict[str, str], seen: Observation) -> str | None:
    if isinstance(seen, VerbCall):
        return seen.scenario
    return scenarios.get(seen.device or "") or scenarios.get(seen.ip)
