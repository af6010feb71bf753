"""Scenarios learn the poll interval of the service, and scale their waits by it."""

from __future__ import annotations

import pytest
from scripted_stage import exchange

from pass_harness.conformance.scenarios.rhythm import Rhythm


def learned(*polls: tuple[float, int]) -> Rhythm:
    rhythm = Rhythm()
    rhythm.learn([exchange(nth, at, "profiles.code", status=status) for nth, (at, status) in enumerate(polls)])
    return rhythm


def test_adobe_s_longest_interval_holds_until_another_one_is_learned() -> None:
    assert learned((2.0, 200)).interval_s == 5.0
    assert learned((2.0, 200), (5.2, 200)).interval_s == 3.2


def test_waits_grow_with_the_interval() -> None:
    usual, slow = learned((2.0, 200), (5.2, 200)), learned((2.0, 200), (11.0, 200), (20.0, 200))
    assert (usual.quiet_s, usual.notices_within_s) == (pytest.approx(7.9), 20.0)
    assert (slow.quiet_s, slow.notices_within_s, slow.two_polls_s) == (19.5, 27.0, 20.0)


def test_the_pause_after_a_failed_poll_is_no_interval() -> None:
    assert learned((2.0, 200), (5.2, 503), (15.2, 200)).interval_s == 5.0


def test_the_longest_interval_of_all_scenarios_counts_up_to_a_limit() -> None:
    rhythm = learned((0.0, 200), (9.0, 200))
    rhythm.learn([exchange(nth, at, "profiles.code") for nth, at in enumerate((0.0, 4.0))])
    assert rhythm.interval_s == 9.0
    assert learned((0.0, 200), (300.0, 200)).interval_s == 30.0
