"""What all forms of the report say alike: the verdict in a word and a sentence, figures with their units."""

from __future__ import annotations

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.reports.html.format import plural
from pass_harness.conformance.reports.model import INCONCLUSIVE, VIOLATED
from pass_harness.load.report.model import LoadReport
from pass_harness.load.slo import Objective


def verdict_word(report: LoadReport) -> str:
    """An invalid run is called that."""
    return "Invalid" if report.invalid else report.verdict.capitalize()


def lead(report: LoadReport) -> str:
    """The verdict in a sentence."""
    if report.invalid:
        return "This run says nothing of the service:"
    rules = [r for r in report.conformance.rules if r.verdict == Verdict.VIOLATED and r.severity == "MUST"]
    broken = [objective for objective in report.objectives if objective.holds is False]
    what = [plural(len(rules), "mandatory rule")] if rules else []
    what += [plural(len(broken), "objective")] if broken else []
    if report.verdict == VIOLATED:
        return f"{' and '.join(what)} {'were' if len(rules) + len(broken) > 1 else 'was'} broken."
    if report.verdict == INCONCLUSIVE:
        return "Nothing was found broken, but not enough could be judged to say that all is well."
    held = "The service held" if report.conformance.run.mock else "The host held"
    judged = " Every mandatory rule that was judged was kept." if report.conformance.rules else ""
    return f"{held} the event{' and every objective' if report.objectives else ''}.{judged}"


def measured(objective: Objective) -> str:
    """What was measured, as people read it."""
    if objective.measured is None:
        return "never" if objective.unit == "s" else "nothing to measure"
    return amount(objective.measured, objective.unit)


def amount(value: float, unit: str) -> str:
    """A figure with its unit."""
    if unit == "share":
        return f"{value:.2%}"
    return figure(value) if unit == "count" else f"{figure(value)} {unit}"


def figure(value: float) -> str:
    """Three digits of a small figure, all of a large one."""
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
