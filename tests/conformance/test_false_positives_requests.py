"""What has looked like a breach to a careless rule of headers, errors and the environment.

What nights of `test_compliant_traces` bring is left to them.
"""

from __future__ import annotations

import pytest
from conformance_traces import OTHER, VIEWER, Trace, Viewer, error
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict


def test_answers_that_the_mock_was_told_to_give_do_not_count_as_throttling() -> None:
    trace = Trace().start()
    for _ in range(30):
        trace.profiles(status=429, behaviours=("b1",))
        trace.wait(1.2)
        trace.profiles()

    silent(trace, "errors.throttled-waits")
    assert "errors.throttle-not-fought" not in violated(trace.observations)


def test_pollers_of_one_address_behind_two_devices_are_two_pollers() -> None:
    household = [Viewer("tv", "198.18.0.1"), Viewer("console", "198.18.0.1")]
    trace = Trace().start()
    for number, viewer in enumerate(household):
        trace.profiles(viewer)
        trace.session(f"CODE{number}", viewer)
    for _ in range(4):
        for number in range(2):
            trace.wait(1.8)
            trace.poll(f"CODE{number}")

    assert violated(trace.observations) == {}


def test_what_a_viewer_repeats_in_a_browser_is_not_the_services_doing() -> None:
    trace = Trace()
    for _ in range(3):
        trace.exchange("browser.activate", "/activate", method="POST", status=400, body="code=WRONG00", answer="page")
        trace.exchange("authenticate", "/api/v2/authenticate/REF30/WRONG00", status=400, answer="page")
        trace.exchange("cors.preflight", "/api/v2/REF30/configuration", method="OPTIONS")

    assert {result.verdict for result in judge(trace.observations).values()} == {Verdict.NOT_EXERCISED}


def test_a_call_more_because_the_token_was_taken_back_is_no_amplification() -> None:
    trace = Trace().start()
    with trace.verb("providers"):
        trace.configuration(status=401, answer=error("invalid_access_token_client_application", status=401))
        trace.token("t2")
        for status in (503, 503, 200):
            trace.configuration(status=status)

    silent(trace, "errors.amplification-bounded")


def second_screen(look_ups: int) -> Trace:
    """A login that is looked up so often from an address that no verb came from."""
    trace = Trace().start()
    with trace.verb("login", screen="secondary"):
        trace.session()
    for _ in range(look_ups):
        trace.wait(3.5)
        trace.poll(headers={"x-forwarded-for": "203.0.113.9"}, ip="203.0.113.9")
    return trace


def test_a_second_screen_may_look_up_its_code_from_its_own_address() -> None:
    silent(second_screen(2), "headers.forwarded-for")


def test_polls_from_an_address_that_is_no_devices_are_a_breach() -> None:
    assert "headers.forwarded-for" in violated(second_screen(4).observations)


def test_the_first_address_counts_however_many_proxies_follow() -> None:
    trace = Trace().start()
    with trace.verb("start"):
        trace.profiles(headers={"x-forwarded-for": ", ".join([VIEWER.ip, *["203.0.113.9"] * 20])})

    silent(trace, "headers.forwarded-for")


@pytest.mark.parametrize("sent", ["tv", "1" * 10_000, "fe80::1%" + "z" * 10_000])
def test_what_is_no_address_or_too_long_for_one_is_a_breach(sent: str) -> None:
    trace = Trace().start()
    trace.profiles(headers={"x-forwarded-for": sent})

    assert "headers.forwarded-for" in violated(trace.observations)


def test_a_visitor_that_is_passed_on_passes_with_and_without_quotes() -> None:
    trace = Trace().start()
    for sent in ("123", '"123"'):
        with trace.verb("start", visitor="123"):
            trace.profiles(headers={"ap-visitor-identifier": sent})

    silent(trace, "headers.visitor-identifier-passed")


def test_both_forms_of_errors_that_are_handled_pass() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="none")
        returns |= {"allowed": False, "reason": "No."}
    assert judge(trace.observations)["errors.top-level-and-item-level"].verdict is Verdict.NOT_EXERCISED

    with trace.verb("play", resource="a", failure="403", status=403):
        trace.authorize("a", status=403, answer=error("too_many_resources"))

    silent(trace, "errors.top-level-and-item-level")


def test_news_that_do_no_harm_pass() -> None:
    trace = Trace().start()
    with trace.verb("start"):
        trace.profiles(answer={"profiles": {}, "newToDate": 1})
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", status=403, answer=error("something_new"))
        returns |= {"allowed": False, "reason": "No."}

    silent(trace, "errors.unknown-tolerated")


def test_a_failure_while_adobe_pass_fails_is_nobodys_intolerance() -> None:
    trace = Trace().start()
    with trace.verb("start", failure="503"):
        trace.profiles(answer={"profiles": {}, "newToDate": 1})
        trace.profiles(status=503)

    assert "errors.unknown-tolerated" not in violated(trace.observations)


def test_an_outage_that_is_answered_in_time_passes() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a", failure="try later", status=503):
        trace.authorize("a", status=0)
        trace.wait(8)

    silent(trace, "errors.outage-answered")
    silent(trace, "errors.amplification-bounded")


def test_a_rate_that_falls_in_an_outage_passes() -> None:
    trace = Trace().start().outage(3, calls_each_second=5).outage(12, calls_each_second=0.3)

    silent(trace, "errors.circuit-breaker")


def test_an_outage_in_which_demand_ends_says_nothing() -> None:
    trace = Trace().start()
    for _ in range(10):
        trace.ask("start", failure="503")
        trace.outage(0.4, calls_each_second=5)
    trace.outage(8, calls_each_second=5)

    assert judge(trace.observations)["errors.circuit-breaker"].verdict is Verdict.NOT_EXERCISED


def test_retries_that_wait_longer_each_time_pass_in_spite_of_jitter() -> None:
    trace = Trace().start()
    for viewer, delays in ((VIEWER, (0.6, 0.9)), (OTHER, (0.3, 1.1))):
        with trace.verb("start", viewer, failure="503"):
            for delay in (*delays, 1.0):
                trace.profiles(viewer, status=500)
                trace.wait(delay)

    silent(trace, "errors.server-errors-spaced")


@pytest.mark.parametrize(("viewers", "verdict"), [(7, Verdict.NOT_EXERCISED), (8, Verdict.VIOLATED)])
def test_a_few_series_of_tries_may_be_of_viewers_where_nobody_tells(viewers: int, verdict: Verdict) -> None:
    trace = Trace().start()
    for number in range(viewers):
        for _ in range(3):
            trace.profiles(Viewer(f"device-{number}", f"198.18.1.{number}"), status=500)
            trace.wait(0.5)

    assert judge(trace.observations)["errors.server-errors-spaced"].verdict is verdict


def test_connections_that_follow_the_name_in_time_pass() -> None:
    trace = Trace().start()
    trace.profiles(connection="c1", server="127.0.0.2:8300")
    trace.ask("fail_over", **{"from": "127.0.0.2", "to": "127.0.0.3"})
    trace.wait(25)
    trace.profiles(connection="c2", server="127.0.0.2:8300")
    trace.wait(20)
    trace.profiles(connection="c2", server="127.0.0.2:8300")
    trace.profiles(connection="c3", server="127.0.0.3:8300")

    silent(trace, "environment.dns-at-most-30s")


def test_an_impostor_that_is_refused_passes_and_one_that_nobody_met_says_nothing() -> None:
    trace = Trace().start()
    trace.ask("repoint", returns={"refused": 0, "trusted": 0})
    assert judge(trace.observations)["environment.tls-verified"].verdict is Verdict.NOT_EXERCISED
    trace.ask("repoint", returns={"refused": 2, "trusted": 0})

    silent(trace, "environment.tls-verified")
