"""Compliant traces near the border of the rules of circuit breakers and rate limits, and their opposites."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conformance_traces import Trace
from test_false_positives_retries import BREAKER, NO_RETRIES, fail, home
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from tests.conformance.trace_viewers import Viewer


def outage(breaker: Callable[[float, int], bool], *, driven: bool, seconds: float = 12.0) -> Trace:
    """Add plays of four viewers every 0.7 s. ``breaker`` gets the time and the viewer, and lets some through."""
    trace = Trace().start()
    began = trace.now
    while trace.now - began < seconds:
        round_began = trace.now
        for number in range(1, 5):
            if driven:
                with trace.verb("play", home(number), resource="a", failure="503"):
                    if breaker(trace.now - began, number):
                        fail(trace, home(number), NO_RETRIES)
            elif breaker(trace.now - began, number):
                fail(trace, home(number), NO_RETRIES)
        trace.now = max(trace.now, round_began + 0.7)
    return trace


class Opening:
    """A breaker that opens after some failures and lets a probe through every few seconds."""

    def __init__(self, failures: int, probe_every_s: float = 3.0, *, by_device: bool = False) -> None:
        self.failures = failures
        self.probe_every_s = probe_every_s
        self.by_device = by_device
        self.seen: dict[int, int] = {}
        self.probed: dict[int, float] = {}

    def __call__(self, after_s: float, number: int) -> bool:
        key = number if self.by_device else 0
        if self.seen.get(key, 0) >= self.failures and after_s < self.probed[key] + self.probe_every_s:
            return False
        self.seen[key] = self.seen.get(key, 0) + 1
        self.probed[key] = after_s
        return True


@pytest.mark.parametrize(
    "breaker",
    [
        Opening(1),
        Opening(3),
        Opening(5),
        Opening(3, 2.0),
        Opening(3, by_device=True),
        Opening(5, 4.0, by_device=True),
    ],
)
def test_any_breaker_passes_while_demand_stays(breaker: Opening) -> None:
    silent(outage(breaker, driven=True), BREAKER)


def test_calls_for_every_viewer_in_an_outage_are_a_violation() -> None:
    for driven in (True, False):
        assert BREAKER in violated(outage(lambda *_: True, driven=driven, seconds=36.0).observations)


@pytest.mark.parametrize(("seconds", "verdict"), [(12.0, Verdict.INCONCLUSIVE), (36.0, Verdict.PASSED)])
def test_a_breaker_with_the_defaults_of_a_library_needs_a_hundred_calls(seconds: float, verdict: Verdict) -> None:
    by_default = Opening(100, 60.0)  # Resilience4j

    assert judge(outage(by_default, driven=True, seconds=seconds).observations)[BREAKER].verdict is verdict


@pytest.mark.parametrize("breaker", [Opening(1), Opening(5), Opening(3, by_device=True), Opening(3, 1.0)])
def test_a_breaker_is_no_violation_without_a_driver(breaker: Opening) -> None:
    assert BREAKER not in violated(outage(breaker, driven=False).observations)


def test_an_outage_that_nobody_notices_is_not_exercised() -> None:
    trace = Trace().start()
    for number in range(1, 3):
        with trace.verb("play", home(number), resource="a", failure="503"):
            fail(trace, home(number), NO_RETRIES)
        trace.wait(8)

    assert judge(trace.observations)[BREAKER].verdict is Verdict.NOT_EXERCISED


def carrier() -> list[Viewer]:
    return [Viewer(f"tv-{number}", "198.18.9.9") for number in range(2)]


def test_a_429_of_one_home_does_not_hold_up_another_at_the_carriers_address() -> None:
    first, second = carrier()
    trace = Trace().start()
    trace.profiles(first, status=429)
    trace.wait(0.6)
    trace.profiles(second)
    trace.wait(0.6)
    trace.profiles(first)

    silent(trace, "errors.throttled-waits")


def test_the_device_that_was_throttled_must_wait() -> None:
    first, _ = carrier()
    trace = Trace().start()
    trace.profiles(first, status=429)
    trace.wait(0.6)
    trace.profiles(first)

    assert "errors.throttled-waits" in violated(trace.observations)


def test_two_homes_behind_a_carriers_address_do_not_fight_the_rate_limit() -> None:
    trace = Trace().start()
    for number in range(40):
        for viewer in carrier():
            trace.profiles(viewer, status=429 if number > 10 and number % 3 == 0 else 200)
        trace.wait(1.5)

    assert "errors.throttle-not-fought" not in violated(trace.observations)


def pressing_on(status: int) -> Trace:
    """Return a trace in which a viewer presses play again and again, and each playback has three tries."""
    trace = Trace().start()
    for press in range(12):
        for number in range(3):
            trace.authorize(status=429 if press > 3 and number else status)
            trace.wait(0.3)
    return trace


def test_tries_during_an_outage_do_not_fight_the_rate_limit() -> None:
    assert "errors.throttle-not-fought" not in violated(pressing_on(503).observations)


def test_as_many_calls_without_an_outage_fight_the_rate_limit() -> None:
    assert "errors.throttle-not-fought" in violated(pressing_on(200).observations)


def test_one_address_for_all_devices_fights_the_rate_limit() -> None:
    trace = Trace().start()
    for number in range(40):
        for device in range(8):
            trace.profiles(Viewer(f"tv-{device}", "10.0.0.1"), status=429 if number > 2 else 200)
        trace.wait(1.5)

    assert "errors.throttle-not-fought" in violated(trace.observations)
