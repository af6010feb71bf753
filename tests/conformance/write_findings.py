"""Writes the findings and opportunities that tests compare: `python tests/conformance/write_findings.py`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import finding_bounds
import findings_file
import night_opportunities
from breakers import BREAKERS_BY_KIND
from trace_verdicts import judge


def write() -> None:
    breakers = sorted(BREAKERS_BY_KIND)
    judged = {by: judge(BREAKERS_BY_KIND[by]().observations, expectations=findings_file.HIDING) for by in breakers}
    findings_file.FILE.write_text("\n".join(findings_file.section(*by, judged[by]) for by in breakers), "utf-8")
    finding_bounds.FILE.write_text("\n".join(finding_bounds.section(*by) for by in breakers), "utf-8")
    night_opportunities.FILE.write_text(night_opportunities.written(), "utf-8")


if __name__ == "__main__":
    write()
