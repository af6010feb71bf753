"""The findings of all violating traces, as findings.txt records them (write_findings.py writes the file).

Read its diff before you commit it: each changed line is a sentence or a piece of evidence that reports show.
"""

from __future__ import annotations

from pathlib import Path

from pass_harness.conformance.evaluation.engine import RuleResult
from pass_harness.conformance.outcomes import TIMELESS, Blame, Broken, Expectations

FILE = Path(__file__).with_name("findings.txt")
HIDING = Expectations(hidden_mvpds=("TempPass*",))


def section(rule: str, kind: str, results: dict[str, RuleResult]) -> str:
    """Return the lines of one trace: the findings of its own rule, then those of other rules without sentences."""
    own = results[rule]
    lines = [f"# {rule}/{kind}", f"findings: {own.broken} of {own.opportunities} opportunities"]
    for finding in own.findings:
        evidence = finding.evidence
        lines += [_named(evidence), f"    expected: {evidence.expected}", f"    observed: {evidence.observed}"]
    others = [finding for result in results.values() if result is not own for finding in result.findings]
    return "\n".join([*lines, *(f"also: {other.card.id}/{_named(other.evidence)}" for other in others), ""])


def _named(evidence: Broken) -> str:
    parts = [f"exchanges {', '.join(map(str, evidence.exchanges)) or 'none'}", f"device {evidence.device}"]
    if evidence.subject:
        parts.insert(0, f"subject {evidence.subject}")
    if evidence.margin_s:
        parts.append("timeless" if evidence.margin_s == TIMELESS else f"margin {evidence.margin_s:.3f} s")
    if evidence.blame is not Blame.SERVICE:
        parts.append(f"blame {evidence.blame}")
    return f"{evidence.kind}: {'; '.join(parts)}"


def recorded(file: Path = FILE) -> dict[tuple[str, str], str]:
    """Return the sections of a recorded file by rule and kind."""
    found = {}
    for text in file.read_text("utf-8").split("\n\n"):
        rule, _, kind = text.split("\n", 1)[0].removeprefix("# ").partition("/")
        found[rule, kind] = text.rstrip("\n") + "\n"
    return found
