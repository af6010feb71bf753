"""The report: what DESIGN publishes as JSON, and the one place that computes verdict and exit code.

The schema only grows. `schema` gives it as JSON Schema.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from conformance.engine import Finding, RuleResult, Verdict

PASSED, VIOLATED, INCONCLUSIVE = "passed", "violated", "inconclusive"


class FindingReport(msgspec.Struct, kw_only=True):
    """One breach. ``exchanges`` are ids of the journal or of the trace."""

    exchanges: list[int]
    device: str | None
    expected: str
    observed: str
    blame: str


class RuleReport(msgspec.Struct, kw_only=True):
    """``findings`` keeps the first ones; ``broken`` is how many there were in all."""

    id: str
    title: str
    severity: str
    verdict: str
    opportunities: int
    findings: list[FindingReport]
    broken: int = 0
    unclear: int = 0
    reasons: list[str] = []
    requirement: str = ""
    remedy: str = ""
    citations: list[str] = []
    """Addresses of the pages that ask for it."""


class ScenarioReport(msgspec.Struct, kw_only=True):
    """``verdict``: passed, failed (it could not be played to its end) or skipped (a verb is missing)."""

    id: str
    verdict: str
    seconds: float
    note: str = ""
    blame: str | None = None


class Untestable(msgspec.Struct, kw_only=True):
    """``needs`` says what the rule lacked: ``verb logout``."""

    rule: str
    needs: str


class Waived(msgspec.Struct, kw_only=True):
    """A rule whose findings do not count until ``until`` (ISO date), and why."""

    rule: str
    reason: str
    until: str
    stale: bool = False
    """True if the waiver has run out or nothing was found that it could excuse; either fails the run."""


class Run(msgspec.Struct, kw_only=True):
    """``started`` in ISO 8601 (UTC); ``rule_set`` names the version of the rules; empty where it does not apply."""

    mock: str = ""
    service: str = ""
    started: str = ""
    seconds: float = 0.0
    rule_set: str = ""
    max_lag_ms: float = 0.0
    exchanges: int = 0


class Report(msgspec.Struct, kw_only=True):
    """Everything a run or an audit found. Make it with `compose`."""

    verdict: str
    exit_code: int
    rules: list[RuleReport]
    scenarios: list[ScenarioReport] = []
    untestable: list[Untestable] = []
    waived: list[Waived] = []
    run: Run = msgspec.field(default_factory=Run)


def compose(
    results: Iterable[RuleResult],
    *,
    run: Run,
    scenarios: Iterable[ScenarioReport] = (),
    waived: Iterable[Waived] = (),
) -> Report:
    """The report of a judgement, with verdict and exit code."""
    results = list(results)
    report = Report(
        verdict=INCONCLUSIVE,
        exit_code=3,
        rules=[_rule(result) for result in results],
        scenarios=list(scenarios),
        untestable=[
            Untestable(rule=result.card.id, needs="; ".join(result.reasons))
            for result in results
            if result.verdict is Verdict.UNTESTABLE
        ],
        waived=list(waived),
        run=run,
    )
    report.verdict = verdict(report)
    report.exit_code = exit_code(report)
    return report


def verdict(report: Report) -> str:
    """Violated by a MUST finding or a stale waiver; inconclusive if nothing or not all of it could be judged.

    A SHOULD finding alone leaves the verdict at passed: it is advice. A MUST rule that is inconclusive, or a
    scenario that failed, leaves the whole inconclusive, because what it would have shown is unknown.
    """
    excused = {waiver.rule for waiver in report.waived if not waiver.stale}
    musts = [rule for rule in report.rules if rule.severity == "MUST" and rule.id not in excused]
    if any(rule.verdict == Verdict.VIOLATED for rule in musts) or any(waiver.stale for waiver in report.waived):
        return VIOLATED
    judged = any(rule.verdict in {Verdict.PASSED, Verdict.VIOLATED} for rule in report.rules)
    unsettled = any(rule.verdict == Verdict.INCONCLUSIVE for rule in musts) or any(
        scenario.verdict == "failed" for scenario in report.scenarios
    )
    return PASSED if judged and not unsettled else INCONCLUSIVE


def exit_code(report: Report) -> int:
    """0 holds, 1 a MUST finding or a stale waiver, 3 nothing (or not all of it) could be judged."""
    return {PASSED: 0, VIOLATED: 1, INCONCLUSIVE: 3}[verdict(report)]


def schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    return msgspec.json.schema(Report)


def _rule(result: RuleResult) -> RuleReport:
    return RuleReport(
        id=result.card.id,
        title=result.card.title,
        severity=str(result.card.severity),
        verdict=str(result.verdict),
        opportunities=result.opportunities,
        findings=[finding_report(finding) for finding in result.findings],
        broken=result.broken,
        unclear=result.unclear,
        reasons=list(result.reasons),
        requirement=result.card.requirement,
        remedy=result.card.remedy,
        citations=[citation.url for citation in result.card.citations],
    )


def finding_report(finding: Finding) -> FindingReport:
    """One finding as reports and the live view print it."""
    evidence = finding.evidence
    return FindingReport(
        exchanges=list(evidence.exchanges),
        device=evidence.device,
        expected=evidence.expected,
        observed=evidence.observed,
        blame=str(evidence.blame),
    )
