"""Quiet periods: one holds after its length, independently of others that still run."""

from __future__ import annotations

from pass_harness.conformance.facts.quiet_periods import QuietPeriods
from pass_harness.conformance.outcomes import HELD


def test_one_that_waits_for_long_does_not_hold_up_another() -> None:
    quiet: QuietPeriods[str, str] = QuietPeriods()
    quiet.begin("lives for 30 minutes", 1800.0, "", quiet_s=5.0, quiet_at_end_s=2.0)
    quiet.begin("lives for 8 seconds", 8.0, "", quiet_s=5.0, quiet_at_end_s=2.0)
    assert list(quiet.passed(12.0)) == []
    assert list(quiet.passed(13.0)) == [HELD]
    assert list(quiet.finish(13.0)) == []


def test_what_was_broken_or_ended_is_not_held() -> None:
    quiet: QuietPeriods[str, str] = QuietPeriods()
    quiet.begin("broken", 1.0, "", quiet_s=5.0, quiet_at_end_s=2.0)
    quiet.begin("ended", 1.0, "", quiet_s=5.0, quiet_at_end_s=2.0)
    quiet.begin("begun anew", 1.0, "", quiet_s=5.0, quiet_at_end_s=2.0)
    quiet.broken("broken")
    for key in ("ended", "begun anew"):
        quiet.end(key)
    quiet.begin("begun anew", 6.0, "", quiet_s=5.0, quiet_at_end_s=2.0)
    assert list(quiet.passed(10.0)) == []
    assert list(quiet.passed(11.0)) == [HELD]


def test_at_the_end_of_a_trace_less_quiet_suffices() -> None:
    quiet: QuietPeriods[str, str] = QuietPeriods()
    quiet.begin("long enough", 7.0, "", quiet_s=5.0, quiet_at_end_s=2.0)
    quiet.begin("too short", 8.5, "", quiet_s=5.0, quiet_at_end_s=2.0)
    assert list(quiet.passed(9.0)) == []
    assert list(quiet.finish(9.0)) == [HELD]


def test_a_request_that_breaks_nothing_extends_the_period() -> None:
    quiet: QuietPeriods[str, str] = QuietPeriods()
    quiet.begin("code", 1.0, "", quiet_s=5.0, quiet_at_end_s=2.0)
    quiet.extend("code", 4.0, quiet_s=5.0, quiet_at_end_s=2.0)
    assert list(quiet.passed(8.0)) == []
    assert list(quiet.finish(5.0)) == []
    assert list(quiet.passed(9.0)) == [HELD]

    quiet.extend("code", 10.0, quiet_s=5.0, quiet_at_end_s=2.0)
    assert list(quiet.passed(20.0)) == []
