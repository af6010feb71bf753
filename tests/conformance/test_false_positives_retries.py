"""Compliant traces near the border of the rules of retries, and their opposites.

In a trace without verbs, a viewer or an end-to-end test may have caused each repetition.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from conformance_traces import Trace, error
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer

BOUNDED = "errors.server-errors-bounded"
SPACED = "errors.server-errors-spaced"
FINAL = "authorization.denial-final"
RETRY = "authorization.retry-bounded"
BREAKER = "errors.circuit-breaker"
NO_RETRIES: tuple[float, ...] = ()
THREE_RETRIES = (0.5, 1.0, 2.0)


def home(number: int) -> Viewer:
    return Viewer(f"device-{number}", f"198.18.1.{number}")


def fail(trace: Trace, viewer: Viewer, pauses: Sequence[float]) -> None:
    """Add a playback that fails at each try, with these pauses before the retries."""
    for pause in (*pauses, None):
        trace.authorize(viewer=viewer, status=503)
        trace.wait(pause or 0.0)


def retry(trace: Trace, viewer: Viewer, pauses: Sequence[float]) -> None:
    """Add a playback whose decision has the action retry at each try."""
    for pause in (*pauses, None):
        trace.authorize(viewer=viewer, action="retry")
        trace.wait(pause or 0.0)


def played(pauses: Sequence[float], *, plays: int = 2, act: Callable[..., None] = fail) -> Trace:
    """Add playbacks by a driver that fail at each try."""
    trace = Trace().start()
    for _ in range(plays):
        with trace.verb("play", resource="a", failure="503"):
            act(trace, VIEWER, pauses)
    return trace


# One try and three retries, or exponential backoff


@pytest.mark.parametrize(
    "pauses",
    [
        NO_RETRIES,
        THREE_RETRIES,
        (0.5, 0.5, 0.5),
        (0.2, 0.4, 0.8, 1.6, 3.2),
        (0.3, 0.45, 0.7, 1.0, 1.5, 2.3),
        (0.2, 0.4, 0.8, 1.6, 1.6, 1.6),
        (0.1, 0.5, 0.6, 1.9, 1.4, 3.9),
    ],
)
@pytest.mark.parametrize(("act", "rule"), [(fail, BOUNDED), (retry, RETRY)])
def test_three_retries_or_exponential_backoff_pass(
    pauses: Sequence[float], act: Callable[..., None], rule: str
) -> None:
    silent(played(pauses, act=act), rule)
    assert "errors.amplification-bounded" not in violated(played(pauses, act=act).observations)


@pytest.mark.parametrize(
    "pauses",
    [(0.5,) * 5, (0.0,) * 9, (0.5, 0.9, 0.4, 0.8, 0.6), (0.2, 0.4, 0.8, *(1.0,) * 12), (1.0, 0.5, 0.25, 0.12, 0.06)],
)
@pytest.mark.parametrize(("act", "rule"), [(fail, BOUNDED), (retry, RETRY)])
def test_more_tries_without_backoff_are_a_violation(
    pauses: Sequence[float], act: Callable[..., None], rule: str
) -> None:
    assert rule in violated(played(pauses, act=act).observations)


def test_one_long_series_with_irregular_pauses_proves_nothing() -> None:
    results = judge(played((0.5, 0.9, 0.4, 0.8, 0.6), plays=1).observations)

    assert results[BOUNDED].verdict is Verdict.NOT_EXERCISED


def test_further_tries_with_backoff_do_not_amplify() -> None:
    trace = Trace().start()
    with trace.verb("status", failure="503"):
        for pause in (0.2, 0.4, 0.8, 1.6, 3.2, 0.0):
            trace.profiles(status=503)
            trace.wait(pause)

    silent(trace, "errors.amplification-bounded")


# Viewers of a driver, who act at once


def test_a_viewer_who_plays_a_denied_resource_again_at_once_passes() -> None:
    trace = Trace().start()
    for _ in range(3):
        with trace.verb("play", resource="a") as returns:
            trace.authorize(action="none")
            trace.now -= 0.02  # the service answers, and the viewer acts, within the accuracy of the clocks
            returns |= {"allowed": False, "reason": "No."}

    silent(trace, FINAL)


def test_a_viewer_who_must_log_in_and_plays_again_at_once_passes() -> None:
    trace = Trace().start()
    for _ in range(2):
        with trace.verb("play", resource="a") as returns:
            trace.authorize(action="authentication")
            trace.now -= 0.02
            returns |= {"allowed": False, "reason": "Log in.", "login_required": True}

    silent(trace, "authorization.unauthenticated-means-login")


def test_a_viewer_who_plays_again_after_rejected_tokens_passes() -> None:
    trace = Trace().start()
    for play in range(4):
        with trace.verb("play", resource="a", failure="503"):
            for number in range(2):
                trace.authorize(status=401, answer=error("invalid_access_token_client_application", status=401))
                trace.token(f"t{play}-{number}")

    silent(trace, "registration.unauthorized-renews-first")


def test_a_denial_that_the_service_repeats_after_its_answer_is_a_violation() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a") as returns:
        trace.authorize(action="none")
        returns |= {"allowed": False, "reason": "No."}
    trace.wait(0.2)
    trace.authorize(action="none")
    trace.wait(2)
    trace.ask("status", returns={"state": "authenticated"})

    assert FINAL in violated(trace.observations)


@pytest.mark.parametrize("skew", [0.0, 0.009])
@pytest.mark.parametrize(("act", "rule"), [(fail, BOUNDED), (retry, RETRY)])
def test_viewers_who_play_again_at_once_pass(skew: float, act: Callable[..., None], rule: str) -> None:
    trace = Trace().start()
    for _ in range(4):
        with trace.verb("play", resource="a", failure="503"):
            act(trace, VIEWER, (0.5, 0.5, 0.5))
            trace.now -= 0.025 + skew  # the driver's clock differs from the mock's
        trace.wait(skew)

    silent(trace, rule)


# Traces without verbs


@pytest.mark.parametrize("pause", [0.15, 0.2, 0.4])
def test_a_test_that_presses_play_twice_passes(pause: float) -> None:
    trace = Trace().start()
    trace.profiles()
    trace.log_in()
    trace.authorize(action="none")
    trace.wait(pause)
    trace.authorize(action="none")

    assert violated(trace.observations) == {}
    assert judge(trace.observations)[FINAL].verdict is Verdict.PASSED


def test_a_test_that_presses_play_in_a_failure_again_and_again_passes() -> None:
    trace = Trace().start()
    trace.profiles()
    trace.log_in()
    for pause in (0.2, 0.31, 0.18, 0.22):
        fail(trace, VIEWER, NO_RETRIES)
        trace.wait(pause)
        retry(trace, VIEWER, NO_RETRIES)
        trace.wait(pause)

    assert violated(trace.observations) == {}


@pytest.mark.parametrize("pause", [0.0, 0.2, 0.4])
def test_a_logout_right_after_a_denial_passes(pause: float) -> None:
    trace = Trace().start()
    trace.profiles()
    trace.log_in()
    trace.authorize(action="none")
    trace.wait(pause)
    trace.logout()

    assert violated(trace.observations) == {}


def test_a_rejected_request_that_a_test_sends_twice_passes() -> None:
    trace = Trace().start()
    for _ in range(2):
        trace.session(status=400, answer=error("invalid_integration", status=400))
        trace.wait(0.2)

    silent(trace, "errors.client-errors-not-retried")


@pytest.mark.parametrize(
    ("codes", "action", "verdict"),
    [
        (("a", "b"), "get_new_token", Verdict.NOT_EXERCISED),
        (("a", "a"), "get_new_token", Verdict.NOT_EXERCISED),
        (("a", "b"), "check_headers", Verdict.PASSED),
        (("a", "a"), "check_headers", Verdict.VIOLATED),
    ],
)
def test_requests_to_the_sso_service_differ_by_their_headers(
    codes: Sequence[str], action: str, verdict: Verdict
) -> None:
    """The viewer types two link codes; the service repeats one."""
    trace = Trace().start()
    refused = {"status": "BAD_REQUEST", "error": {"status": 400, "code": "header_missing", "action": action}}
    with trace.verb("login", failure="502"):
        for code in codes:
            headers = {"x-sso-link": code}
            trace.exchange("sso.token", "/api/REF30/serviceToken", headers=headers, status=400, answer=refused)

    assert judge(trace.observations)["errors.client-errors-not-retried"].verdict is verdict


def test_plays_of_a_steady_load_test_in_an_outage_pass() -> None:
    trace = Trace().start()
    for _ in range(12):
        for viewer in (VIEWER, OTHER):
            fail(trace, viewer, NO_RETRIES)
        trace.wait(0.7)

    assert BOUNDED not in violated(trace.observations)


def test_impatient_viewers_of_a_load_test_pass() -> None:
    trace = Trace().start()
    for number in range(1, 9):
        fail(trace, home(number), (0.5,) * 20)
        trace.wait(8)

    assert violated(trace.observations).keys() <= {BREAKER}


def _immediately(number: int) -> Sequence[float]:
    return (0.005,) * number


def _equally(number: int) -> Sequence[float]:
    return (0.3,) * number


def _growing(number: int) -> Sequence[float]:
    return THREE_RETRIES[:number]


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    presses=st.integers(1, 40),
    devices=st.integers(1, 5),
    retries=st.integers(0, 3),
    policy=st.sampled_from([_immediately, _equally, _growing]),
)
def test_viewers_of_a_service_with_three_retries_are_never_taken_for_a_machine(
    seed: int, presses: int, devices: int, retries: int, policy: Callable[[int], Sequence[float]]
) -> None:
    chance = random.Random(seed)
    trace = Trace().start()
    for _ in range(presses):
        viewer = home(chance.randint(1, devices))
        act = chance.choice(["fail", "retry", "deny", "refuse", "leave"])
        if act in {"fail", "retry"}:
            (fail if act == "fail" else retry)(trace, viewer, policy(retries))
        elif act == "deny":
            trace.authorize(viewer=viewer, action="none")
        elif act == "refuse":
            trace.authorize(viewer=viewer, status=400, answer=error("invalid_integration", status=400))
        else:
            trace.logout(viewer)
        trace.wait(0.15 + chance.expovariate(1.0))

    allowed = {BREAKER} if policy is _growing else {BREAKER, SPACED}  # this service has no circuit breaker
    assert {rule: found.findings for rule, found in violated(trace.observations).items() if rule not in allowed} == {}


def storm(trace: Trace) -> None:
    fail(trace, VIEWER, (0.002,) * 9)


def endless_rhythm(trace: Trace) -> None:
    fail(trace, VIEWER, (0.25,) * 9)


def six_equal_tries(trace: Trace) -> None:
    for number in range(1, 5):
        fail(trace, home(number), (0.4,) * 5)
        trace.wait(8)


def retries_in_step(trace: Trace) -> None:
    for number in range(1, 9):
        fail(trace, home(number), (0.4, 0.4))


def decisions_without_a_pause(trace: Trace) -> None:
    retry(trace, VIEWER, (0.0,) * 5)


def denial_three_times_at_once(trace: Trace) -> None:
    for _ in range(4):
        trace.authorize(action="none")


def every_denial_once_more(trace: Trace) -> None:
    for number in range(1, 6):
        for _ in range(2):
            trace.authorize(viewer=home(number), action="none")
            trace.wait(0.3)


def every_refusal_once_more(trace: Trace) -> None:
    for number in range(1, 6):
        for _ in range(2):
            trace.session(viewer=home(number), status=400, answer=error("invalid_integration", status=400))


def hurried_polls(trace: Trace) -> None:
    trace.session()
    for _ in range(6):
        trace.poll(status=503)
        trace.wait(0.9)


def logout_after_every_denial(trace: Trace) -> None:
    for number in range(1, 6):
        trace.authorize(viewer=home(number), action="none")
        trace.wait(0.1)
        trace.logout(home(number))


@pytest.mark.parametrize(
    ("machine", "rule"),
    [
        (storm, BOUNDED),
        (endless_rhythm, BOUNDED),
        (six_equal_tries, BOUNDED),
        (hurried_polls, BOUNDED),
        (retries_in_step, SPACED),
        (decisions_without_a_pause, RETRY),
        (denial_three_times_at_once, FINAL),
        (every_denial_once_more, FINAL),
        (every_refusal_once_more, "errors.client-errors-not-retried"),
        (logout_after_every_denial, "logout.never-automatic"),
    ],
)
def test_the_rhythm_of_a_machine_is_a_violation(machine: Callable[[Trace], None], rule: str) -> None:
    trace = Trace().start()
    machine(trace)

    assert rule in violated(trace.observations)


@pytest.mark.parametrize(("pauses", "broken"), [((0.4, 0.15), False), ((0.4, 0.4), True)])
def test_full_jitter_may_make_the_second_pause_of_a_few_series_the_shorter_one(
    pauses: tuple[float, float], broken: bool
) -> None:
    trace = Trace().start()
    for number, factor in enumerate((1.0, 0.3, 1.8), 1):
        fail(trace, home(number), [pause * (1.0 if broken else factor) for pause in pauses])
        trace.wait(8)
    trace.ask("status")  # a driver's record

    assert (SPACED in violated(trace.observations)) is broken
