"""Two defects are two violations: neither explains the other, although their findings are on the same devices."""

from __future__ import annotations

from pathlib import Path

import pytest
from matrix_expected import BREAKS
from matrix_runs import Trial, run

from pass_harness.conformance.reports.violations import violations

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PAIRS = {
    "logouts": ("logout-local-only", "token-per-device"),
    "denials": ("denial-ignored", "refusal-not-understood"),
    "retries": ("own-address-in-polls", "retry-storm"),
    "tokens": ("profiles-in-memory", "token-per-call"),
    "polls": ("poll-after-success", "profiles-listed-at-start"),
}


def test_two_defects_are_two_violations(tmp_path: Path) -> None:
    outcomes = run(tmp_path, {name: Trial(pair) for name, pair in PAIRS.items()})

    for name, pair in PAIRS.items():
        shown = {violation.rule.id for violation in violations(outcomes[name].report)}
        for defect in pair:
            assert shown & {*BREAKS[defect]}, (pair, defect, shown)
