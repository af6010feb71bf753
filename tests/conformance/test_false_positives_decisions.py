"""Decisions: legitimate services near the border of the rules, and services that looked legitimate before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conformance_traces import MVPD, Trace, error
from trace_verdicts import judge, merged, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from tests.conformance.trace_viewers import Viewer, encode

BATCH = "preauthorization.batch-limit"
SINGLE = "authorization.single-resource"
CACHED = "preauthorization.permits-cached"
PASSED_ON = "preauthorization.decisions-passed-on"
RETRY = "preauthorization.retry-bounded"
FINAL = "authorization.denial-final"
REFUSED = "errors.client-errors-not-retried"
BOUNDED = "errors.server-errors-bounded"
WAITS = "errors.throttled-waits"
BOTH_FORMS = "errors.top-level-and-item-level"
EXPIRED_TOKEN = error("invalid_access_token_client_application", "application-registration", 401)
TOO_MANY = error("too_many_resources", "configuration")


# The limit that was agreed


@pytest.mark.parametrize("answer", [{"status": 503}, {"status": 429}, {"status": 401, "answer": EXPIRED_TOKEN}])
def test_a_large_request_without_a_decision_does_not_show_the_agreed_limit(answer: dict[str, Any]) -> None:
    trace = Trace().start()
    trace.preauthorize("abcdefgh")
    trace.preauthorize("ijklmnop", **answer)
    trace.authorize(body='{"resources": ["a", "b"]}', **answer)

    assert violated(trace.observations).keys() & {BATCH, SINGLE} == set()


def test_a_decided_request_is_within_the_limit_although_the_provider_left_resources_out() -> None:
    trace = Trace().start()
    trace.preauthorize("abcd", body=json.dumps({"resources": list("abcdefgh")}))

    silent(trace, BATCH)


def test_a_refusal_as_error_of_the_items_is_a_violation() -> None:
    trace = Trace().start()
    refused = [{"resource": name, "authorized": False, "error": TOO_MANY} for name in "abcdef"]
    trace.preauthorize("abcdef", answer={"decisions": refused})

    assert BATCH in violated(trace.observations)


@pytest.mark.parametrize(("behaviours", "broken"), [((), True), (("b1",), False)])
def test_a_provider_with_a_lower_limit_shows_it_by_its_refusal(behaviours: tuple[str, ...], broken: bool) -> None:
    trace = Trace().start()
    trace.preauthorize("abc", status=403, answer=TOO_MANY, behaviours=behaviours)

    assert (BATCH in violated(trace.observations)) is broken


# Permits that are cached as long as they are valid


def opened(trace: Trace, *, denied: str = "") -> None:
    with trace.verb("preauthorize", resources=["a", "b"]) as returns:
        trace.preauthorize("ab", denied=denied)
        returns |= {"permitted": sorted(set("ab") - set(denied)), "denied": list(denied)}


@pytest.mark.parametrize("how", ["report", "expiry", "denial"])
def test_a_permit_that_has_ended_is_requested_again(how: str) -> None:
    trace = Trace().start()
    trace.log_in(life=60 if how == "expiry" else 86400)
    opened(trace)
    if how == "expiry":
        trace.wait(63)
    else:
        with trace.verb("play", resource="a") as returns:
            trace.authorize(action="authentication" if how == "report" else "none")
            returns |= {"allowed": False, "reason": "No."}
    with trace.verb("preauthorize", resources=["a"]) as returns:
        trace.preauthorize("a", denied="a")
        returns |= {"permitted": [], "denied": ["a"]}

    assert CACHED not in violated(trace.observations)


def test_a_permit_stays_valid_when_a_playback_fails_or_succeeds() -> None:
    trace = Trace().start()
    trace.log_in()
    opened(trace)
    for action in ("retry", None):
        with trace.verb("play", resource="a"):
            trace.authorize(action=action)
    opened(trace)

    assert CACHED in violated(trace.observations)


@pytest.mark.parametrize(
    ("peers", "broken"), [(("10.0.0.1:1", "10.0.0.2:1"), False), (("10.0.0.1:1", "10.0.0.1:2"), True)]
)
def test_instances_with_one_token_and_an_address_each_have_a_cache_each(peers: tuple[str, str], broken: bool) -> None:
    trace = Trace().start()
    for peer in peers:
        trace.preauthorize("ab", peer=peer)
        trace.wait(2)

    assert (CACHED in violated(trace.observations)) is broken


BROWSER = {"origin": "https://tv.example", "user-agent": "Mozilla/5.0", "x-forwarded-for": None}


def test_a_page_that_is_loaded_again_has_no_permits_in_memory() -> None:
    trace = Trace().start()
    for _ in range(2):
        trace.preauthorize("ab", headers=BROWSER)
        trace.wait(2)

    assert judge(trace.observations)[CACHED].verdict is Verdict.INCONCLUSIVE


# Decisions of several TV providers, and denials from a cache


@pytest.mark.parametrize("permitted_first", [True, False])
def test_a_permit_of_one_of_two_providers_may_be_shown(permitted_first: bool) -> None:
    trace = Trace().start()
    with trace.verb("preauthorize", resources=["a"]) as returns:
        for permitted in (permitted_first, not permitted_first):
            trace.preauthorize("a", denied="" if permitted else "a", mvpd=MVPD if permitted else "Spectrum")
        returns |= {"permitted": ["a"], "denied": []}

    assert PASSED_ON not in violated(trace.observations)


def shown_later(*, between: str = "") -> Trace:
    """Return a trace in which a denied resource is shown as permitted afterwards, without a request."""
    trace = Trace().start()
    trace.log_in()
    opened(trace, denied="b")
    if between == "permit":
        trace.wait(1).preauthorize("b")
    elif between == "login":
        trace.log_in(code="BBBBBBB")
    elif between == "pass":
        trace.authorize(mvpd="TempPass")
    elif between == "outage":
        for _ in range(3):
            trace.preauthorize("b", status=503)
    elif between == "time":
        trace.wait(400)
    trace.ask("preauthorize", resources=["a", "b"], returns={"permitted": ["a", "b"], "denied": []})
    return trace


@pytest.mark.parametrize(
    ("between", "broken"),
    [("", True), ("permit", False), ("login", False), ("pass", False), ("outage", False), ("time", False)],
)
def test_a_denial_cached_as_a_permit_is_a_violation(between: str, broken: bool) -> None:
    assert (PASSED_ON in violated(shown_later(between=between).observations)) is broken


# The two forms of errors


def test_a_denied_preauthorization_during_a_permitted_playback_is_no_error_of_it() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a")
        trace.preauthorize("bc", denied="c")
        returns["allowed"] = True

    assert BOTH_FORMS not in violated(trace.observations)


def test_a_playback_permitted_by_one_of_two_requests_is_permitted() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", mvpd="TempPass")
        trace.authorize("a", action="none")
        returns["allowed"] = True

    assert BOTH_FORMS not in violated(trace.observations)


# Repetitions


def test_a_denied_preauthorization_that_the_service_repeats_is_a_violation() -> None:
    trace = Trace().start()
    with trace.verb("preauthorize", resources=["a", "b"]) as returns:
        trace.preauthorize("ab", denied="ab")
        trace.wait(0.5)
        trace.preauthorize("ba", denied="ab")
        returns |= {"permitted": [], "denied": ["a", "b"]}

    trace.ask("status")
    assert violated(trace.observations)[RETRY].findings[0].evidence.kind == "decided-asked-again"


def test_a_viewer_who_opens_a_catalogue_of_denied_resources_again_passes() -> None:
    trace = Trace().start()
    for _ in range(3):
        with trace.verb("preauthorize", resources=["a", "b"]) as returns:
            trace.preauthorize("ab", denied="ab")
            returns |= {"permitted": [], "denied": ["a", "b"]}

    assert RETRY not in violated(trace.observations)


@pytest.mark.parametrize(("pause", "broken"), [(1.0, True), (2.5, True), (10.0, False)])
@pytest.mark.parametrize("rule", [FINAL, REFUSED])
def test_a_repetition_after_the_answer_to_the_app_is_the_services(rule: str, pause: float, broken: bool) -> None:
    trace = Trace().start()

    def ask() -> None:
        if rule == FINAL:
            trace.authorize(action="none")
        else:
            trace.session(status=400, answer=error("invalid_integration", status=400))

    with trace.verb("play" if rule == FINAL else "login", resource="a") as returns:
        ask()
        returns |= {"allowed": False, "reason": "No."}
    trace.wait(pause)
    ask()
    trace.wait(1)
    trace.ask("status")

    assert (rule in violated(trace.observations)) is broken


def test_a_viewer_who_acts_again_may_cause_a_repetition_after_the_answer() -> None:
    trace = Trace().start()
    for _ in range(2):
        trace.ask("play", resource="a", returns={})  # a service that asks after its answer
        trace.wait(0.3)
        trace.authorize(action="none")
        trace.wait(1)
    trace.ask("status")

    assert FINAL not in violated(trace.observations)


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("invalid_header_identity_for_temporary_access", {}, {"ap-temppass-identity": encode("9f86d081")}),
        (
            "invalid_header_pfs_provider_info_expired",
            {"ap-partner-framework-status": "a"},
            {"ap-partner-framework-status": "b"},
        ),
        ("invalid_header_device_info", {"x-device-info": "a"}, {}),
    ],
)
def test_a_refused_header_that_is_mended_is_not_the_same_request(
    code: str, before: dict[str, str], after: dict[str, str]
) -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a"):
        trace.authorize(status=400, answer=error(code, status=400), headers=before)
        trace.authorize(headers=after)

    silent(trace, REFUSED)


def test_a_refused_request_with_its_resources_in_another_order_is_the_same() -> None:
    trace = Trace().start()
    with trace.verb("preauthorize", resources=["a", "b"], failure="502"):
        for resources in ("ab", "ba"):
            trace.preauthorize(resources, status=400, answer=error("invalid_integration", status=400))

    assert REFUSED in violated(trace.observations)


def at_once(number: int, **answer: Any) -> list[Trace]:  # noqa: ANN401 - fields of an exchange
    """Return the requests of a viewer's impatient presses or open tabs, all in progress at the same time."""
    traces = []
    for press in range(number):
        trace = Trace(now=100.0 + press * 0.2, takes=5.0)
        trace.authorize(**answer)
        traces.append(trace)
    return traces


@pytest.mark.parametrize(
    ("answer", "rule"), [({"status": 503}, BOUNDED), ({"action": "retry"}, "authorization.retry-bounded")]
)
def test_concurrent_requests_repeat_none_of_each_other(answer: dict[str, Any], rule: str) -> None:
    assert rule not in violated(merged(*at_once(6, **answer)))


# After a 429


def test_other_requests_do_not_restart_the_wait_after_a_429() -> None:
    trace = Trace().start()
    for number in range(8):
        trace.preauthorize([f"r{number}"], status=429)
        trace.wait(0.2)

    assert WAITS in violated(trace.observations)


def test_requests_in_progress_when_the_429_came_pass() -> None:
    trace = Trace().start()
    for number in range(4):
        trace.preauthorize([f"r{number}"], status=429)
        trace.wait(0.1)
    trace.wait(1)
    trace.preauthorize(["r0"])

    silent(trace, WAITS)


# Identities of a TempPass


def test_the_bytes_of_a_hash_are_no_address() -> None:
    trace = Trace().start()
    trace.authorize(headers={"ap-temppass-identity": HASHED})

    silent(trace, "authorization.temppass-identity-sent")


HASHED = "HQc+EeKih0YM3VxpNDHLH91PQGT/Lk1pCLdCotk2RmE="
"""SHA-256 of viewer-3364, whose bytes look like an address."""


# Requests of all viewers, pauses that were asked for, and a TempPass beside the own TV provider


def home(number: int) -> Viewer:
    return Viewer(f"device-{number}", f"198.18.1.{number}")


def token_fails(trace: Trace) -> None:
    body = "grant_type=client_credentials&client_id=client-1"
    form = {"content-type": "application/x-www-form-urlencoded"}
    trace.exchange(
        "dcr.token", "/o/client/token", method="POST", viewer=None, client_id="client-1", status=503, headers=form,
        body=body, answer="<html>",
    )  # fmt: skip


def test_a_token_request_for_each_viewer_is_no_retry() -> None:
    trace = Trace().start()
    for number in range(1, 4):
        trace.profiles(home(number))
    for _ in range(20):
        token_fails(trace)
        trace.wait(0.03)

    assert BOUNDED not in violated(trace.observations)


def test_a_token_request_for_each_verb_is_no_retry() -> None:
    trace = Trace().start()
    for number in range(24):
        with trace.verb("play", home(number % 4), resource="a", failure="503"):
            token_fails(trace)
        trace.wait(0.5)

    assert BOUNDED not in violated(trace.observations)


@pytest.mark.parametrize("verb", [True, False])
def test_a_token_requested_in_a_loop_is_a_violation(verb: bool) -> None:
    trace = Trace().start()
    trace.profiles()
    if verb:
        with trace.verb("play", resource="a", failure="503"):
            for _ in range(6):
                token_fails(trace)
    else:
        for _ in range(6):
            token_fails(trace)

    assert BOUNDED in violated(trace.observations)


@pytest.mark.parametrize(("sent", "broken"), [({"retry-after": "1"}, False), ({}, True)])
def test_pauses_that_retry_after_asks_for_need_not_grow(sent: dict[str, str], broken: bool) -> None:
    trace = Trace().start()
    for number in range(3):
        with trace.verb("play", home(number), resource="a", failure="503"):
            for _ in range(3):
                trace.authorize(viewer=home(number), status=503, response_headers=sent)
                trace.wait(1)
        trace.wait(8)

    assert ("errors.server-errors-spaced" in violated(trace.observations)) is broken


@pytest.mark.parametrize(("kind", "broken"), [("temporary", False), ("regular", True)])
def test_a_temporary_profile_is_not_that_of_the_own_provider(kind: str, broken: bool) -> None:
    trace = Trace().start()
    profile = {"mvpd": "TempPass", "type": kind, "notAfter": trace.ms(3600)}
    trace.profiles(mvpd="TempPass", answer={"profiles": {"TempPass": profile}})
    trace.authorize(action="authentication")

    assert ("authorization.own-provider" in violated(trace.observations)) is broken
