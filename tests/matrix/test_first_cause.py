"""The first violation in the report of a defect is its own, and everything else is marked as following from it.

A defect plays its tripping scenarios; with PASS_HARNESS_FULL_MATRIX all of them, which gives the largest groups.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from matrix_expected import BREAKS, CANARY
from matrix_runs import Outcome

from pass_harness.conformance.reports.violations import unexplained, violations

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("change", [change for change in BREAKS if change != CANARY])
def test_the_first_violation_is_the_defect_and_explains_the_others(
    outcomes: Mapping[str, Outcome], change: str
) -> None:
    report = outcomes[change].report
    groups = {violation.rule.id: [rule.id for rule in violation.consequences] for violation in violations(report)}

    assert len(groups) == 1, groups
    assert groups.keys() <= {*BREAKS[change]}
    assert [scenario.id for scenario in unexplained(report)] == []
