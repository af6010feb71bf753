"""Errors, decisions and logouts as strangers' services handle them: each fault beside a legitimate neighbour."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from conformance_traces import MVPD, Trace, error
from trace_verdicts import judge, violated

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.facts.machine_rhythm import Backoffs
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import Viewer, encode

REFUSED = "errors.client-errors-not-retried"
FINAL = "authorization.denial-final"
PREAUTHORIZED_AGAIN = "preauthorization.retry-bounded"
BOUNDED = "errors.server-errors-bounded"
AMPLIFIED = "errors.amplification-bounded"
WAITS = "errors.throttled-waits"
BREAKER = "errors.circuit-breaker"
NOBODY_IN = "errors.outage-logs-nobody-in"
PLAYBACK = "authorization.every-playback-authorized"
LOGOUT = "logout.on-request"
AUTOMATIC = "logout.never-automatic"


def home(number: int) -> Viewer:
    return Viewer(f"device-{number}", f"198.18.1.{number}")


# Rejected requests


@pytest.mark.parametrize(
    ("status", "path", "broken"),
    [
        (404, "/api/v2/REF30/profiles", True),
        (410, "/api/v2/REF30/profiles", True),
        (412, "/api/v2/REF30/profiles", True),
        (404, "/health", False),
        (401, "/api/v2/REF30/profiles", False),
        (429, "/api/v2/REF30/profiles", False),
    ],
)
def test_a_request_that_adobe_pass_does_not_find_is_not_repeated(status: int, path: str, broken: bool) -> None:
    trace = Trace().start()
    with trace.verb("start", failure="502"):
        for _ in range(3):
            trace.exchange("profiles" if "profiles" in path else "", path, status=status, answer="Not found")
            trace.wait(0.5)

    assert (REFUSED in violated(trace.observations)) is broken


@pytest.mark.parametrize(
    ("code", "second", "broken"),
    [
        ("invalid_integration", "https://tv.example/done?state=2", True),
        ("invalid_integration", "https://tv.example/other", False),
        ("invalid_parameter_redirect_url", "https://tv.example/done?state=2", False),
    ],
)
def test_a_new_state_in_the_redirect_url_mends_no_session(code: str, second: str, broken: bool) -> None:
    trace = Trace().start()
    with trace.verb("login", failure="502"):
        for url in ("https://tv.example/done?state=1", second):
            sent = {"mvpd": MVPD, "domainName": "adobe.com", "redirectUrl": url}
            trace.session(sent=sent, status=400, answer=error(code, status=400))

    assert (REFUSED in violated(trace.observations)) is broken


def backing_off(pauses: Sequence[float], *, factors: Sequence[float] = (1.0,) * 5) -> Trace:
    """Return a trace without verbs in which rejected requests of several devices come again after these pauses."""
    trace = Trace().start()
    for number, factor in enumerate(factors, 1):
        for pause in (*pauses, 0.0):
            trace.session(viewer=home(number), status=400, answer=error("invalid_integration", status=400))
            trace.wait(pause * factor)
        trace.wait(20)
    return trace


@pytest.mark.parametrize(
    ("trace", "broken"),
    [
        (backing_off((0.5, 1.0, 2.0)), True),
        (backing_off((1.0, 2.0)), True),
        (backing_off((0.5, 1.0), factors=(1.0, 1.3, 0.8, 2.1, 0.6)), False),  # viewers have no common rhythm
        (backing_off((1.0, 1.0, 1.0)), False),  # a load test may have
        (backing_off((0.5, 1.0), factors=(1.0,) * 2), False),
    ],
    ids=["three-retries", "two-retries", "viewers", "load-test", "two-devices"],
)
def test_growing_pauses_on_all_devices_are_those_of_a_service(trace: Trace, broken: bool) -> None:
    assert (REFUSED in violated(trace.observations)) is broken


# Decisions that a repetition does not change, in traces without verbs


@pytest.mark.parametrize(("profile_found", "broken"), [(False, True), (True, False)])
def test_an_authorization_that_needs_a_login_is_not_repeated_in_a_loop(profile_found: bool, broken: bool) -> None:
    trace = Trace().start()
    for number in range(6):
        trace.authorize(viewer=home(number), action="authentication")
        for _ in range(1 if profile_found else 4):
            trace.authorize(viewer=home(number), action=None if profile_found else "authentication")
        trace.wait(10)

    assert (FINAL in violated(trace.observations)) is broken


@pytest.mark.parametrize(
    ("action", "times", "broken"), [("none", 5, True), ("authentication", 5, True), ("none", 2, False)]
)
def test_a_preauthorization_is_not_repeated_in_a_loop(action: str, times: int, broken: bool) -> None:
    trace = Trace().start()
    for number in range(1, 7):
        for _ in range(times):
            trace.preauthorize("ab", home(number), denied="ab", action=action)
        trace.wait(10)

    assert (PREAUTHORIZED_AGAIN in violated(trace.observations)) is broken


@pytest.mark.parametrize(("second", "broken"), [({"denied": "ab", "action": "authentication"}, True), ({}, False)])
def test_a_preauthorization_that_needs_a_login_is_not_repeated(second: dict[str, Any], broken: bool) -> None:
    trace = Trace().start()
    with trace.verb("preauthorize", resources=["a", "b"]):
        trace.preauthorize("ab", denied="ab", action="authentication")
        trace.wait(0.5)
        trace.preauthorize("ab", **second)
    trace.ask("status")

    assert (PREAUTHORIZED_AGAIN in violated(trace.observations)) is broken


# Retries in two layers


def failed_playback(pauses: Sequence[float]) -> Trace:
    trace = Trace().start()
    with trace.verb("play", resource="a", failure="503"):
        for pause in (*pauses, 0.0):
            trace.authorize(status=503)
            trace.wait(pause)
    return trace


@pytest.mark.parametrize(
    ("pauses", "broken"),
    [
        ((0.1, 0.2, 1.0, 0.1, 0.2, 2.0, 0.1, 0.2), True),
        ((0.1, 0.2, 0.4, 1.0, 0.1, 0.2, 0.4), True),
        ((0.1, 0.5, 0.1, 1.0, 0.1, 2.0, 0.1), True),
        ((0.1, 0.2, 0.4, 0.8, 1.6, 3.2), False),
        ((0.1, 0.3, 0.2, 1.1, 0.7, 2.4, 1.3), False),
    ],
)
def test_retries_in_two_layers_are_no_backoff(pauses: Sequence[float], broken: bool) -> None:
    assert (BOUNDED in violated(failed_playback(pauses).observations)) is broken


def test_retries_in_two_layers_amplify() -> None:
    assert AMPLIFIED in violated(failed_playback((0.1, 0.2, 1.0, 0.1, 0.2, 2.0, 0.1, 0.2)).observations)


# Tabs, instances and the rate limit


BROWSER = {"origin": "https://tv.example", "user-agent": "Mozilla/5.0", "x-forwarded-for": None}


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ({"peer": "10.0.0.1:1"}, {"peer": "10.0.0.2:1"}, Verdict.NOT_EXERCISED),
        ({"peer": "10.0.0.1:1"}, {"peer": "10.0.0.1:2"}, Verdict.VIOLATED),
        ({"headers": BROWSER}, {"headers": BROWSER}, Verdict.INCONCLUSIVE),
    ],
)
def test_another_tab_or_instance_does_not_know_of_a_429(
    first: dict[str, Any], second: dict[str, Any], verdict: Verdict
) -> None:
    trace = Trace().start()
    trace.profiles(status=429, **first)
    trace.wait(0.7)
    trace.authorize(**second)

    assert judge(trace.observations)[WAITS].verdict is verdict


@pytest.mark.parametrize("second", [{"peer": "10.0.0.2:1"}, {"headers": BROWSER}])
def test_a_request_that_another_instance_repeats_after_a_429_is_too_early(second: dict[str, Any]) -> None:
    trace = Trace().start()
    trace.profiles(status=429, headers=second.get("headers"))
    trace.wait(0.3)
    trace.profiles(**second)

    assert WAITS in violated(trace.observations)


# Circuit breakers with the defaults of libraries


@pytest.mark.parametrize(
    ("each_second", "opens_after", "verdict"),
    [(4, None, Verdict.INCONCLUSIVE), (15, None, Verdict.VIOLATED), (15, 100, Verdict.PASSED)],
)
def test_a_breaker_may_need_a_hundred_calls(each_second: int, opens_after: int | None, verdict: Verdict) -> None:
    trace = Trace().start()
    trace.outage(12, calls_each_second=each_second)
    if opens_after:
        del trace.observations[2 + opens_after :]
        trace.now = 112.0
        trace.profiles(status=503)

    assert judge(trace.observations)[BREAKER].verdict is verdict


# Logins without a profile


@pytest.mark.parametrize(
    ("answer", "broken"),
    [
        ({"status": 400, "answer": error("invalid_integration", status=400)}, True),
        ({"status": 401, "answer": error("invalid_access_token_client_application", status=401)}, False),
        ({"found": True}, False),
    ],
)
def test_a_viewer_without_a_profile_is_not_logged_in(answer: dict[str, Any], broken: bool) -> None:
    trace = Trace().start()
    with trace.verb("status") as returns:
        trace.profiles(**answer)
        returns["state"] = "authenticated"

    assert (NOBODY_IN in violated(trace.observations)) is broken


@pytest.mark.parametrize(("then", "broken"), [("login", True), ("pass", False), ("trial", False), ("", False)])
def test_an_empty_list_of_profiles_logs_nobody_in(then: str, broken: bool) -> None:
    """Without a login afterwards, the state may be that of a TempPass, which needs neither profile nor session."""
    trace = Trace().start()
    with trace.verb("start") as returns:
        trace.profiles()
        returns["state"] = "authenticated"
    if then == "pass":
        trace.authorize(mvpd="TempPass")
    elif then == "trial":
        trial = {"mvpd": "TempPass", "type": "temporary", "notAfter": trace.ms(3600)}
        trace.profiles(mvpd="TempPass", answer={"profiles": {"TempPass": trial}})
    if then:
        with trace.verb("login") as returns:
            trace.session()
            returns |= {"code": "AAAAAAA", "state": "pending"}
        trace.wait(4).poll(found=True)

    assert (NOBODY_IN in violated(trace.observations)) is broken


@pytest.mark.parametrize("state", ["authenticated", "pending"])
def test_a_session_that_needs_a_login_logs_nobody_in(state: str) -> None:
    trace = Trace().start()
    with trace.verb("login") as returns:
        trace.session()
        returns |= {"code": "AAAAAAA", "state": state}

    assert (NOBODY_IN in violated(trace.observations)) is (state == "authenticated")


def test_a_profile_of_a_partner_logs_a_viewer_in() -> None:
    trace = Trace().start()
    trace.call(
        "profiles.partner", "profiles/sso/Apple", method="POST", status=201, answer={"profiles": trace.profile()}
    )
    for status in (200, 503):
        with trace.verb("status") as returns:
            trace.profiles(status=status)
            returns["state"] = "authenticated"

    assert NOBODY_IN not in violated(trace.observations)


# The resource that plays


def shown(trace: Trace) -> Trace:
    with trace.verb("preauthorize", resources=["a", "b"]) as returns:
        trace.preauthorize("ab")
        returns |= {"permitted": ["a", "b"], "denied": []}
    return trace


@pytest.mark.parametrize(
    ("wanted", "authorized", "broken"),
    [("b", "a", True), ("b", "b", False), ("b", "channel-7", False), ("episode-3", "a", False)],
)
def test_a_permit_for_another_resource_of_the_app_allows_no_playback(
    wanted: str, authorized: str, broken: bool
) -> None:
    """A service may have other names at Adobe Pass, and authorize the channel of an episode."""
    trace = shown(Trace().start())
    with trace.verb("play", resource=wanted) as returns:
        trace.authorize(authorized)
        returns |= {"allowed": True, "media_token": mask("m1")}

    assert (PLAYBACK in violated(trace.observations)) is broken


# Logouts


EXPIRED = {"status": 401, "answer": error("invalid_access_token_client_application", "application-registration", 401)}


def logged_out(*answers: dict[str, Any], failure: str | None = None, later: bool = False) -> Trace:
    trace = Trace().start()
    trace.log_in()
    with trace.verb("logout", failure=failure):
        trace.logout(**answers[0])
        for answer in () if later else answers[1:]:
            trace.logout(**answer)
    for answer in answers[1:] if later else ():
        trace.wait(1)
        trace.logout(**answer)
    trace.wait(10)
    trace.ask("status", returns={"state": "unauthenticated"})
    return trace


@pytest.mark.parametrize(
    ("trace", "broken"),
    [
        (logged_out(EXPIRED), True),
        (logged_out({"status": 400, "answer": error("invalid_parameter_mvpd", status=400)}), True),
        (logged_out({"status": 400, "answer": error("invalid_integration", status=400)}), False),
        (logged_out(EXPIRED, {}), False),
        (logged_out(EXPIRED, {}, later=True), False),
        (logged_out(EXPIRED, failure="502: try later"), False),
        (logged_out({"status": 503}), False),
    ],
    ids=["expired", "refused", "disabled", "renewed", "renewed-later", "app-informed", "outage"],
)
def test_a_rejected_logout_is_no_logout(trace: Trace, broken: bool) -> None:
    assert (LOGOUT in violated(trace.observations)) is broken


@pytest.mark.parametrize(("pause", "broken"), [(0.1, True), (3.0, False)])
def test_a_logout_may_follow_a_denial_by_way_of_the_profile(pause: float, broken: bool) -> None:
    trace = Trace().start()
    for number in range(6):
        trace.authorize(viewer=home(number), action="authentication")
        trace.profiles(home(number), mvpd=MVPD)
        trace.wait(pause)
        trace.logout(home(number))
        trace.wait(5)

    assert (AUTOMATIC in violated(trace.observations)) is broken


# Permits, denials and their texts


@pytest.mark.parametrize(("second", "verdict"), [("ab", Verdict.NOT_EXERCISED), ("cd", Verdict.PASSED)])
def test_a_repetition_that_may_follow_a_start_shows_no_cache(second: str, verdict: Verdict) -> None:
    trace = Trace().start()
    for resources in ("ab", second):
        trace.preauthorize(resources)
        trace.wait(20)

    assert judge(trace.observations)["preauthorization.permits-cached"].verdict is verdict


@pytest.mark.parametrize(
    ("wanted", "second", "broken"),
    [("abc", "c", True), ("abc", "bc", True), ("abcd", "d", False), ("abcc", "c", False)],
)
def test_denied_resources_are_not_requested_again_alone(wanted: str, second: str, broken: bool) -> None:
    trace = Trace().start()
    with trace.verb("preauthorize", resources=list(wanted)) as returns:
        trace.preauthorize("abc", denied="c")
        trace.wait(0.5)
        trace.preauthorize(second, denied=set(second) & {"c"})
        returns |= {"permitted": ["a", "b"], "denied": ["c"]}

    assert (PREAUTHORIZED_AGAIN in violated(trace.observations)) is broken


@pytest.mark.parametrize("text", ["undefined", "null", "None", "[object Object]", " "])
def test_a_word_for_nothing_explains_no_denial(text: str) -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a") as returns:
        trace.authorize(action="none")
        returns |= {"allowed": False, "reason": text}
    with trace.verb("preauthorize", resources=["a"]) as returns:
        trace.preauthorize("a", denied="a")
        returns |= {"permitted": [], "denied": ["a"], "messages": {"a": text}}

    assert {"authorization.denial-explained", "preauthorization.denials-explained"} <= set(
        violated(trace.observations)
    )


def test_a_word_for_nothing_names_no_system_settings() -> None:
    trace = Trace().start()
    trace.log_in()
    with trace.verb("logout") as returns:
        trace.logout(name="partner_logout", url=None)
        returns["message"] = "undefined"

    assert "logout.other-actions-handled" in violated(trace.observations)


@pytest.mark.parametrize(
    ("identity", "broken"),
    [("%7B%22email%22%3A%22viewer%40example.com%22%7D", True), ('{"email": "9f86d081"}', False), ("100%40", False)],
)
def test_an_escaped_address_is_a_plain_one(identity: str, broken: bool) -> None:
    trace = Trace().start()
    trace.authorize(headers={"ap-temppass-identity": encode(identity)})

    assert ("authorization.temppass-identity-sent" in violated(trace.observations)) is broken


@pytest.mark.parametrize("own", [True, False])
def test_a_token_of_the_service_itself_may_be_the_same_for_several_playbacks(own: bool) -> None:
    trace = Trace().start()
    for media in ("m1", "m2"):
        with trace.verb("play", resource="a") as returns:
            trace.authorize(media=media)
            returns |= {"allowed": True, "media_token": mask("granted" if own else "m1")}

    assert ("authorization.media-token-used-once" in violated(trace.observations)) is not own


def test_viewers_who_keep_the_same_growing_pauses_by_chance_are_no_service() -> None:
    backoffs, chance = Backoffs(), random.Random(1)
    series = [(f"device-{number}", (chance.uniform(1, 40), chance.uniform(1, 60))) for number in range(20_000)]

    assert not any(backoffs.repeats(device, pauses) for device, pauses in series)
