"""Texts that all formats of the report share: verdict, summary, and values with units."""

from __future__ import annotations

from pass_harness.conformance.reports.model import INCONCLUSIVE, VIOLATED
from pass_harness.conformance.reports.numbers import amount, plural
from pass_harness.load.report.model import IncidentReport, LoadReport
from pass_harness.load.slo import Objective


def verdict_word(report: LoadReport) -> str:
    """Return the verdict as a capitalized word; "Invalid" for an invalid run."""
    return "Invalid" if report.invalid else report.verdict.capitalize()


def lead(report: LoadReport) -> str:
    """Return a summary of the verdict in one sentence."""
    if report.invalid:
        return "This run has no result for the service:"
    rules = [rule for rule in report.conformance.rules if report.conformance.standing(rule) == VIOLATED]
    broken = [objective for objective in report.objectives if objective.holds is False]
    kind = "mandatory rule" if all(rule.severity == "MUST" for rule in rules) else "rule"
    counts = [plural(len(rules), kind)] if rules else []
    counts += [plural(len(broken), "objective")] if broken else []
    if report.verdict == VIOLATED:
        return f"{' and '.join(counts)} {'were' if len(rules) + len(broken) > 1 else 'was'} violated."
    if report.verdict == INCONCLUSIVE:
        return "No violation was found, but too little could be judged for a verdict."
    target = "The service" if report.conformance.run.mock else "The host"
    judged = " Every judged mandatory rule passed." if report.conformance.rules else ""
    return f"{target} passed{' and kept every objective' if report.objectives else ''}.{judged}"


def measured(objective: Objective) -> str:
    """Format the measured value of an objective."""
    if objective.measured is None:
        return "no recovery" if objective.unit == "s" and objective.holds is False else "nothing to measure"
    note = f" ({objective.note})" if objective.note else ""
    return f"{amount(objective.measured, objective.unit)}{note}"


def recovery(incident: IncidentReport) -> str:
    """Return a phrase on the recovery of the service after an incident that ended."""
    if incident.recovered_after is not None:
        return f"recovered after {incident.recovered_after:g} s"
    return "not recovered" if incident.recovery_measured else "recovery not measured"
