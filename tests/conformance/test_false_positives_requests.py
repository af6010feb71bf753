"""Compliant traces near the border of the rules of headers, errors and the environment, once false positives.

`test_compliant_traces` covers the other compliant traces.
"""

from __future__ import annotations

import pytest
from conformance_traces import Trace, error
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer


def test_injected_429_answers_do_not_count_as_throttling() -> None:
    trace = Trace().start()
    for _ in range(30):
        trace.profiles(status=429, behaviours=("b1",))
        trace.wait(1.2)
        trace.profiles()

    silent(trace, "errors.throttled-waits")
    assert "errors.throttle-not-fought" not in violated(trace.observations)


def test_polls_of_two_devices_at_one_address_are_counted_separately() -> None:
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


def test_requests_repeated_by_a_viewers_browser_pass() -> None:
    trace = Trace()
    for _ in range(3):
        trace.exchange("browser.activate", "/activate", method="POST", status=400, body="code=WRONG00", answer="page")
        trace.exchange("authenticate", "/api/v2/authenticate/REF30/WRONG00", status=400, answer="page")
        trace.exchange("cors.preflight", "/api/v2/REF30/configuration", method="OPTIONS")

    assert {result.verdict for result in judge(trace.observations).values()} == {Verdict.NOT_EXERCISED}


def test_a_repeated_call_after_token_revocation_passes() -> None:
    trace = Trace().start()
    with trace.verb("providers"):
        trace.configuration(status=401, answer=error("invalid_access_token_client_application", status=401))
        trace.token("t2")
        for status in (503, 503, 200):
            trace.configuration(status=status)

    silent(trace, "errors.amplification-bounded")


def second_screen(look_ups: int) -> Trace:
    """Add a login with this number of code lookups from an address that no verb came from."""
    trace = Trace().start()
    with trace.verb("login", screen="secondary"):
        trace.session()
    for _ in range(look_ups):
        trace.wait(3.5)
        trace.poll(headers={"x-forwarded-for": "203.0.113.9"}, ip="203.0.113.9")
    return trace


def test_a_code_lookup_from_the_second_screens_address_passes() -> None:
    silent(second_screen(2), "headers.forwarded-for")


def test_polls_from_an_address_without_a_device_are_a_violation() -> None:
    assert "headers.forwarded-for" in violated(second_screen(4).observations)


def test_the_first_forwarded_address_counts() -> None:
    trace = Trace().start()
    with trace.verb("start"):
        trace.profiles(headers={"x-forwarded-for": ", ".join([VIEWER.ip, *["203.0.113.9"] * 20])})

    silent(trace, "headers.forwarded-for")


@pytest.mark.parametrize("sent", ["tv", "1" * 10_000, "fe80::1%" + "z" * 10_000])
def test_an_invalid_or_oversized_address_is_a_violation(sent: str) -> None:
    trace = Trace().start()
    trace.profiles(headers={"x-forwarded-for": sent})

    assert "headers.forwarded-for" in violated(trace.observations)


def test_a_forwarded_visitor_identifier_passes_with_and_without_quotes() -> None:
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


@pytest.mark.parametrize(("action", "verdict"), [("retry", Verdict.INCONCLUSIVE), ("none", Verdict.VIOLATED)])
def test_a_circuit_breaker_that_another_device_opened_may_stop_a_retry(action: str, verdict: Verdict) -> None:
    trace = Trace().start()
    for _ in range(3):
        trace.authorize("a", OTHER, status=503)
        trace.wait(1)
    with trace.verb("play", resource="a", failure="503", status=503):
        trace.authorize("a", action=action)

    assert judge(trace.observations)["errors.top-level-and-item-level"].verdict is verdict


def test_tolerated_unknown_members_pass() -> None:
    trace = Trace().start()
    with trace.verb("start"):
        trace.profiles(answer={"profiles": {}, "newToDate": 1})
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", status=403, answer=error("something_new"))
        returns |= {"allowed": False, "reason": "No."}

    silent(trace, "errors.unknown-tolerated")


def test_a_failed_verb_during_an_outage_passes() -> None:
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


def test_an_outage_without_demand_is_not_exercised() -> None:
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
def test_few_retry_series_pass_without_a_driver(viewers: int, verdict: Verdict) -> None:
    trace = Trace().start()
    for number in range(viewers):
        for _ in range(3):
            trace.profiles(Viewer(f"device-{number}", f"198.18.1.{number}"), status=500)
            trace.wait(0.4)

    assert judge(trace.observations)["errors.server-errors-spaced"].verdict is verdict


def test_retries_without_a_pause_do_not_grow_by_the_noise_between_them() -> None:
    trace = Trace().start()
    for viewer in (VIEWER, OTHER):
        with trace.verb("start", viewer, failure="503"):
            for delay in (0.001, 0.002, 0.003):
                trace.profiles(viewer, status=500)
                trace.wait(delay)

    assert judge(trace.observations)["errors.server-errors-spaced"].verdict is Verdict.VIOLATED


def test_connections_that_follow_dns_in_time_pass() -> None:
    trace = Trace().start()
    trace.profiles(connection="c1", server="127.0.0.2:8300")
    trace.ask("fail_over", **{"from": "127.0.0.2", "to": "127.0.0.3"})
    trace.wait(25)
    trace.profiles(connection="c2", server="127.0.0.2:8300")
    trace.wait(20)
    trace.profiles(connection="c2", server="127.0.0.2:8300")
    trace.profiles(connection="c3", server="127.0.0.3:8300")

    silent(trace, "environment.dns-at-most-30s")


def test_a_refused_impostor_passes_and_an_uncalled_one_is_not_exercised() -> None:
    trace = Trace().start()
    trace.ask("repoint", returns={"refused": 0, "trusted": 0})
    assert judge(trace.observations)["environment.tls-verified"].verdict is Verdict.NOT_EXERCISED
    trace.ask("repoint", returns={"refused": 2, "trusted": 0})

    silent(trace, "environment.tls-verified")


def moved(*, repointed: bool, connects_before: bool = False) -> Trace:
    """Return a trace in which Adobe Pass moves, and a connection goes to the old address more than 30 s later."""
    trace = Trace().start()
    trace.ask("fail_over", **{"from": "127.0.0.2", "to": "127.0.0.3"})
    trace.wait(32)
    if connects_before:
        trace.profiles(connection="c2", server="127.0.0.2:8300")
        trace.wait(1)
    if repointed:
        with trace.verb("repoint") as returns:
            trace.profiles(connection="c3", server="127.0.0.2:8300")  # the service boots
            returns |= {"refused": 1, "trusted": 0}
    trace.wait(5)
    trace.profiles(connection="c4", server="127.0.0.2:8300")
    return trace


def test_connections_that_the_suite_repointed_do_not_count_as_stale_addresses() -> None:
    rule = "environment.dns-at-most-30s"

    assert rule not in violated(moved(repointed=True).observations)
    assert rule in violated(moved(repointed=False).observations)
    assert violated(moved(repointed=True, connects_before=True).observations)[rule].broken == 1


def test_an_app_that_waits_for_the_process_of_the_service_is_answered_in_time() -> None:
    trace = Trace().start()
    trace.log_in()
    with trace.verb("play", resource="a", failure="503"):
        trace.wait(2)
        trace.authorize("a", status=503)
        trace.wait(8.5)

    silent(trace, "errors.outage-answered")


def test_a_byte_order_mark_before_json_is_no_parameter() -> None:
    refused = error("too_many_resources", "configuration")
    for body in ('\ufeff{"resources":["one","two"]}', '{"resources":["one","two"],"\ufeffx":1}'):
        trace = Trace().start()
        trace.exchange(
            "decisions.authorize", "/api/v2/REF30/decisions/authorize/Cablevision", method="POST", body=body,
            status=403, answer=refused,
        )  # fmt: skip
        found = violated(trace.observations)

        assert ("headers.only-documented" in found) == ("x" in body)
        assert "authorization.single-resource" in found
