"""Margins of timing rules, to the tenth of a second."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from conformance_traces import ANSWER, Trace, error
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.mock_server.exchange import Exchange
from tests.conformance.trace_viewers import OTHER

REFUSED = error("invalid_access_token_client_application", "application-registration", 401)


def polled_after(gap: float) -> Trace:
    trace = Trace().start()
    trace.session()
    trace.poll()
    trace.wait(gap - ANSWER)
    trace.poll()
    trace.ask("status")
    return trace


def first_polled_after(pause: float) -> Trace:
    trace = Trace().start()
    with trace.verb("login", screen="secondary") as returns:
        made = trace.session()
        returns["code"] = "AAAAAAA"
    trace.now = made.wall + ANSWER + pause
    trace.poll()
    return trace


def polled_past_expiry(late: float) -> Trace:
    trace = Trace().start()
    made = trace.session(life=8)
    trace.wait(3)
    trace.poll()
    trace.poll(status=400, wall=made.wall + 8 + late - 3.0)
    trace.now = made.wall + 8 + late
    trace.poll(status=400)
    trace.wait(20)
    trace.profiles()
    return trace


def asked_after_429(pause: float) -> Trace:
    trace = Trace().start()
    trace.profiles(status=429)
    trace.wait(pause)
    trace.profiles()
    return trace


def connected_after_a_move(pause: float) -> Trace:
    trace = Trace().start()
    trace.ask("fail_over", **{"from": "127.0.0.2", "to": "127.0.0.3"})
    trace.wait(pause)
    trace.profiles(connection="c2", server="127.0.0.2:8300")
    trace.wait(40)
    trace.profiles(connection="c3", server="127.0.0.3:8300")
    return trace


def token_sent_past_expiry(late: float) -> Trace:
    trace = Trace().start(life=30)
    old = trace.token_value
    trace.profiles()
    trace.now = 100 + ANSWER + 30 + late
    trace.profiles(headers={"authorization": f"Bearer {old}"}, status=401, answer=REFUSED)
    trace.token("t2")
    trace.wait(10)
    trace.profiles()
    return trace


def configuration_after(pause: float) -> Trace:
    trace = Trace().start()
    trace.configuration()
    trace.wait(pause)
    trace.configuration(OTHER)
    trace.ask("providers")
    return trace


def throttled_after_an_error(pause: float) -> Trace:
    trace = Trace().start()
    for _ in range(20):
        trace.profiles()
    trace.profiles(status=503)
    trace.wait(pause - ANSWER)
    for _ in range(2):
        trace.profiles(status=429)
    return trace


def logged_out_after_a_request(pause: float) -> Trace:
    trace = Trace().start()
    trace.ask("logout")
    trace.wait(pause)
    trace.logout()
    trace.wait(20)
    trace.ask("status")
    return trace


def logged_out_after_a_switch(pause: float) -> Trace:
    trace = Trace().start()
    trace.session()
    trace.poll(found=True)
    trace.wait(pause - ANSWER)
    trace.logout(mvpd="Other")
    trace.wait(20)
    trace.ask("status")
    return trace


@pytest.mark.parametrize(
    ("rule", "made", "kept", "broken"),
    [
        ("authentication.poll-interval", polled_after, 2.71, 2.69),
        ("authentication.poll-starts-promptly", first_polled_after, 9.9, 10.1),
        ("authentication.poll-stops-on-expiry", polled_past_expiry, 5.4, 5.6),
        ("errors.throttled-waits", asked_after_429, 0.91, 0.89),
        ("registration.token-not-used-after-expiry", token_sent_past_expiry, 1.9, 2.1),
        ("configuration.cached", configuration_after, 101.0, 99.0),
        ("errors.throttle-not-fought", throttled_after_an_error, 10.9, 11.1),
        ("logout.never-automatic", logged_out_after_a_request, 4.9, 5.1),
        ("logout.never-automatic", logged_out_after_a_switch, 4.9, 5.1),
        ("environment.dns-at-most-30s", connected_after_a_move, 31.4, 31.6),
    ],
)
def test_the_margin_equals_the_one_on_the_rules_card(
    rule: str, made: Callable[[float], Trace], kept: float, broken: float
) -> None:
    assert judge(made(kept).observations)[rule].verdict is Verdict.PASSED
    assert judge(made(broken).observations)[rule].verdict is Verdict.VIOLATED


@pytest.mark.parametrize(
    ("pause", "verdict"), [(2.0, Verdict.PASSED), (9.8, Verdict.INCONCLUSIVE), (13.0, Verdict.VIOLATED)]
)
def test_a_lag_shorter_than_the_miss_keeps_the_verdict(pause: float, verdict: Verdict) -> None:
    trace = first_polled_after(pause)
    lagging = [
        msgspec.structs.replace(seen, lag_ms=400.0) if isinstance(seen, Exchange) else seen
        for seen in trace.observations
    ]
    assert judge(lagging)["authentication.poll-starts-promptly"].verdict is verdict


@pytest.mark.parametrize(
    ("rule", "made", "limit", "way"),
    [
        ("authentication.poll-interval", polled_after, 2.7, 1),
        ("authentication.poll-starts-promptly", first_polled_after, 10.0, -1),
        ("errors.throttled-waits", asked_after_429, 0.9, 1),
    ],
)
def test_a_lag_longer_than_the_distance_to_the_margin_makes_a_kept_rule_unclear(
    rule: str, made: Callable[[float], Trace], limit: float, way: int
) -> None:
    for distance, verdict in ((0.39, Verdict.INCONCLUSIVE), (0.41, Verdict.PASSED)):
        trace = made(limit + way * distance)
        lagging = [
            msgspec.structs.replace(seen, lag_ms=400.0) if isinstance(seen, Exchange) else seen
            for seen in trace.observations
        ]
        assert judge(lagging)[rule].verdict is verdict


def test_a_poller_that_hurries_by_more_than_the_lag_is_found() -> None:
    trace = polled_after(0.2)
    for lag_ms, verdict in ((2_400.0, Verdict.VIOLATED), (2_600.0, Verdict.INCONCLUSIVE)):
        lagging = [
            msgspec.structs.replace(seen, lag_ms=lag_ms) if isinstance(seen, Exchange) else seen
            for seen in trace.observations
        ]
        assert judge(lagging)["authentication.poll-interval"].verdict is verdict
