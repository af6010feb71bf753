"""The shortest violating traces for the rules of errors."""

from __future__ import annotations

from conformance_traces import Trace, error

from breakers.registered import breaks
from tests.conformance.trace_viewers import OTHER, VIEWER


@breaks("errors.throttled-waits", "asked-too-soon")
def asks_at_once_after_a_429(trace: Trace) -> None:
    trace.profiles(status=429)
    trace.profiles()


@breaks("errors.throttle-not-fought", "too-many-throttled")
def is_throttled_all_the_time(trace: Trace) -> None:
    for _ in range(10):
        trace.profiles(status=200)
        trace.profiles(status=429)


@breaks("errors.client-errors-not-retried", "repeated-unchanged")
def repeats_what_was_refused(trace: Trace) -> None:
    with trace.verb("login", failure="502"):
        for _ in range(2):
            trace.session(status=400, answer=error("invalid_integration", status=400))


@breaks("errors.server-errors-bounded", "too-many-tries")
def retries_a_500_endlessly(trace: Trace) -> None:
    with trace.verb("start", failure="503"):
        for _ in range(5):
            trace.profiles(status=500)
            trace.wait(1)


@breaks("errors.server-errors-spaced", "pauses-do-not-grow")
def retries_at_the_same_pace(trace: Trace) -> None:
    for viewer in (VIEWER, OTHER):
        with trace.verb("start", viewer, failure="503"):
            for _ in range(3):
                trace.profiles(viewer, status=500)
                trace.wait(0.5)


@breaks("errors.unknown-tolerated", "service-failed")
def fails_on_a_new_member(trace: Trace) -> None:
    with trace.verb("start", failure="500"):
        trace.profiles(answer={"profiles": {}, "newToDate": 1})


@breaks("errors.top-level-and-item-level", "service-failed")
def fails_on_a_refusal_of_the_whole_request(trace: Trace) -> None:
    with trace.verb("play", resource="a", failure="502"):
        trace.authorize("a", status=403, answer=error("too_many_resources"))


@breaks("errors.top-level-and-item-level", "allowed-to-play")
def plays_what_an_item_denies(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="none")
        returns["allowed"] = True


@breaks("errors.outage-answered", "no-answer")
def lets_the_app_wait(trace: Trace) -> None:
    with trace.verb("play", resource="a", failure="no answer", status=0):
        trace.authorize("a", status=0)
        trace.wait(15)


@breaks("errors.outage-answered", "late-answer")
def answers_the_app_late(trace: Trace) -> None:
    with trace.verb("play", resource="a", failure="503"):
        trace.authorize("a", status=503)
        trace.wait(15)


@breaks("errors.amplification-bounded", "too-many-calls")
def looks_for_a_cure_everywhere(trace: Trace) -> None:
    with trace.verb("play", resource="a", failure="503"):
        for _ in range(3):
            trace.authorize("a", status=503)
            trace.profiles(status=503)
            trace.configuration(status=503)


@breaks("errors.circuit-breaker", "rate-stayed-high")
def goes_on_calling_in_an_outage(trace: Trace) -> None:
    trace.outage(12, calls_each_second=15)


@breaks("errors.outage-logs-nobody-in", "login-without-profile")
def logs_a_viewer_in_during_an_outage(trace: Trace) -> None:
    with trace.verb("login") as returns:
        trace.session(status=503, answer="<html>")
        returns["state"] = "authenticated"
