"""The comparison of runs; the runs themselves are manual (``python -m tests.flakes.flakes``)."""

from __future__ import annotations

from tests.flakes.flakes import NO_REPORT, verdicts_of, wrong

PASSED = {"errors.throttled-waits": "passed", "scenario throttled": "passed"}


def test_rules_and_scenarios_of_a_report_have_distinct_names() -> None:
    report = {
        "rules": [{"id": "errors.throttled-waits", "verdict": "passed"}],
        "scenarios": [{"id": "throttled", "verdict": "passed"}],
    }
    assert verdicts_of(report) == PASSED


def test_only_rules_that_the_compliant_service_never_exercises_may_be_without_a_verdict() -> None:
    rules = [{"id": id_, "verdict": "not exercised"} for id_ in ("headers.single-sign-on", "headers.accept")]
    assert verdicts_of({"rules": rules, "scenarios": []}) == {"headers.accept": "not exercised"}


def test_an_inconclusive_verdict_is_not_wrong() -> None:
    assert wrong([PASSED, {**PASSED, "errors.throttled-waits": "inconclusive"}]) == {}


def test_violations_and_missing_verdicts_are_wrong() -> None:
    runs = [
        PASSED,
        {**PASSED, "errors.throttled-waits": "violated"},
        {"errors.throttled-waits": "not exercised", "scenario throttled": "failed"},
        {NO_REPORT: NO_REPORT},
    ]
    assert wrong(runs) == {
        "errors.throttled-waits": {"passed": 1, "violated": 1, "not exercised": 1, NO_REPORT: 1},
        "scenario throttled": {"passed": 2, "failed": 1, NO_REPORT: 1},
        NO_REPORT: {NO_REPORT: 4},
    }
