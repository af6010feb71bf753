"""Writes findings.txt, the findings of all violating traces: `python tests/conformance/findings_file.py`.

Read its diff before you commit it: each changed line is a sentence or a piece of evidence that reports show.
"""

from __future__ import annotations

import sys
from pathlib import Path

FILE = Path(__file__).with_name("findings.txt")
if __name__ == "__main__":
    sys.path.insert(0, str(FILE.parents[2]))

from breakers import BREAKERS_BY_KIND  # noqa: E402 - the path comes first
from trace_verdicts import judge  # noqa: E402

from pass_harness.conformance.evaluation.engine import RuleResult  # noqa: E402
from pass_harness.conformance.outcomes import TIMELESS, Blame, Broken, Expectations  # noqa: E402

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


def recorded() -> dict[tuple[str, str], str]:
    """Return the sections of the file by rule and kind."""
    found = {}
    for text in FILE.read_text("utf-8").split("\n\n"):
        rule, _, kind = text.split("\n", 1)[0].removeprefix("# ").partition("/")
        found[rule, kind] = text.rstrip("\n") + "\n"
    return found


if __name__ == "__main__":
    made = [
        section(*by, judge(BREAKERS_BY_KIND[by]().observations, expectations=HIDING))
        for by in sorted(BREAKERS_BY_KIND)
    ]
    FILE.write_text("\n".join(made), "utf-8")
