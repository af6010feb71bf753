"""The findings of a rule as plain text, for test reports."""

from __future__ import annotations

from pass_harness.conformance.printable import printable
from pass_harness.conformance.reports.model import RuleReport

SHOWN_FINDINGS = 5


def evidence(rule: RuleReport) -> str:
    """Return the findings or reasons of a rule, its remedy and the URLs of its sources, as lines of text."""
    lines = []
    for finding in rule.findings[:SHOWN_FINDINGS]:
        marks = ", ".join(filter(None, (finding.state, "waived" if finding.waived else "")))
        kind = f"{finding.kind_in_full}, " if finding.kind else ""
        lines += [
            f"- {kind}exchanges {', '.join(map(str, finding.exchanges))}, device {finding.device} ({finding.blame})"
            + (f" [{marks}]" if marks else ""),
            f"  expected: {finding.expected}",
            f"  observed: {finding.observed}",
        ]
    if (more := rule.broken - SHOWN_FINDINGS) > 0:
        lines.append(f"- and {more} more")
    lines += [f"- {reason}" for reason in rule.reasons]
    return "\n".join(map(printable, [*lines, f"remedy: {rule.remedy}", *rule.citations]))
