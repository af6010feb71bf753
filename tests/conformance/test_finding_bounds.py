"""The violating traces need what finding_bounds.txt records: other limits and conditions of rules change the file."""

from __future__ import annotations

import pytest
from breakers import BREAKERS_BY_KIND
from finding_bounds import FILE, section
from findings_file import recorded

RECORDED = recorded(FILE)


def test_the_bounds_of_every_violating_trace_are_recorded() -> None:
    assert set(RECORDED) == set(BREAKERS_BY_KIND)


@pytest.mark.parametrize(("rule", "kind"), sorted(BREAKERS_BY_KIND))
def test_small_edits_of_the_violating_trace_change_the_outcomes_as_recorded(rule: str, kind: str) -> None:
    assert section(rule, kind) == RECORDED.get((rule, kind)), "run: python tests/conformance/write_findings.py"
