"""The findings of a rule as plain text, for test reports."""

from __future__ import annotations

from pass_harness.conformance.printable import printable
from pass_harness.conformance.reports.model import KindReport, RuleReport
from pass_harness.conformance.reports.numbers import plural
from pass_harness.conformance.reports.violations import because

SHOWN_KINDS = 5


def evidence(rule: RuleReport) -> str:
    """Return the findings or reasons of a rule, its remedy and the URLs of its sources, as lines of text."""
    lines = []
    for kind in rule.kinds[:SHOWN_KINDS]:
        lines += _kind(rule, kind)
    if len(rule.kinds) > SHOWN_KINDS:
        lines.append(f"- and {sum(kind.findings for kind in rule.kinds[SHOWN_KINDS:])} more")
    lines += [f"- {reason}" for reason in rule.reasons]
    explained = f"more: pass-conformance explain {rule.id}"
    return "\n".join(map(printable, [*lines, f"remedy: {rule.remedy}", *rule.citations, explained]))


def _kind(rule: RuleReport, kind: KindReport) -> list[str]:
    """Return the first finding of a kind, with the number of findings."""
    for finding in rule.examples(kind.fingerprint, 1):
        names = (finding.kind_in_full, f"{kind.findings} times" if kind.findings > 1 else "")
        places = (
            f"exchanges {', '.join(map(str, finding.exchanges))}",
            f"device {finding.device_names}",
            finding.occasion,
        )
        marks = ", ".join(filter(None, (finding.state, "waived" if finding.waived else "")))
        lines = [
            f"- {', '.join(filter(None, (*names, *places)))} ({finding.blame})" + (f" [{marks}]" if marks else ""),
            f"  expected: {finding.expected}",
            f"  observed: {finding.observed}",
        ]
        if finding.consequence_of is not None:
            lines.append(f"  {because(finding.consequence_of, counts=False)}")
        return lines
    return [f"- {plural(kind.findings, 'finding')} of other kinds"]
