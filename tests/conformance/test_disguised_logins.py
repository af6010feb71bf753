"""Breaches in logins that resemble compliant conduct, each beside the legitimate conduct that it resembles."""

from __future__ import annotations

import pytest
from conformance_traces import MVPD, Trace, error
from trace_verdicts import audited, judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from tests.conformance.trace_viewers import Viewer

REMEMBERED = "authentication.profile-remembered"
BY_CODE = "authentication.polls-by-code"
RETURNED = "authentication.code-and-url-returned"
DROPPED = "authentication.invalidated-profile-dropped"


def verdict(trace: Trace, rule: str) -> Verdict:
    return judge(trace.observations)[rule].verdict


# The state of a device, read again with its code


def asked_by_code(trace: Trace, times: int, *, pause: float = 20.0) -> Trace:
    """Add requests for the state that the service answers with the code of the login."""
    for _ in range(times):
        trace.wait(pause)
        with trace.verb("status") as returns:
            trace.poll(found=True)
            returns["state"] = "authenticated"
    return trace


@pytest.mark.parametrize(("times", "expected"), [(1, Verdict.PASSED), (3, Verdict.VIOLATED)])
def test_a_service_without_a_storage_asks_for_each_state_by_code(times: int, expected: Verdict) -> None:
    trace = Trace().start()
    trace.log_in()

    assert verdict(asked_by_code(trace, times), REMEMBERED) is expected


def test_a_code_read_again_after_each_authorization_passes() -> None:
    trace = Trace().start()
    trace.log_in()
    for _ in range(3):
        trace.wait(20)
        with trace.verb("play", resource="a") as returns:
            trace.authorize()
            returns["allowed"] = True
        asked_by_code(trace, 1)

    silent(trace, REMEMBERED)


def test_polls_of_another_login_during_requests_for_the_state_pass() -> None:
    """A viewer who is logged in may log in with another TV provider."""
    trace = Trace().start()
    trace.log_in()
    trace.session("BBBBBBB", mvpd="Spectrum")
    for _ in range(4):
        trace.wait(4)
        with trace.verb("status") as returns:
            trace.poll("BBBBBBB")
            returns["state"] = "authenticated"

    silent(trace, REMEMBERED)


def test_a_poller_that_runs_on_during_requests_for_the_state_is_another_rules_finding() -> None:
    trace = Trace().start()
    trace.log_in()
    found = violated(asked_by_code(trace, 4, pause=4).observations)

    assert "authentication.poll-stops-on-success" in found
    assert REMEMBERED not in found


# A login that is awaited by its session


def looked_up(trace: Trace, pauses: tuple[float, ...]) -> Trace:
    for pause in pauses:
        trace.wait(pause)
        trace.look_up()
    return trace


@pytest.mark.parametrize("pauses", [(4,) * 4, (4, 7, 3, 9, 5, 4, 8, 3)])
def test_polls_of_the_session_are_polls_of_another_endpoint(pauses: tuple[float, ...]) -> None:
    trace = Trace().start()
    trace.session()

    assert audited(BY_CODE, looked_up(trace, pauses)) is Verdict.VIOLATED
    assert BY_CODE in violated(trace.observations)


@pytest.mark.parametrize("pauses", [(4, 4), (20, 3, 90, 4)])
def test_a_second_screen_may_look_the_session_up(pauses: tuple[float, ...]) -> None:
    trace = Trace().start()
    trace.session()
    looked_up(trace, pauses)
    trace.poll(found=True)

    silent(trace, BY_CODE)


def test_a_page_that_watches_the_session_beside_the_poller_waits_for_nothing() -> None:
    trace = Trace().start()
    trace.session()
    for _ in range(6):
        trace.wait(4)
        trace.poll()
        trace.look_up()

    silent(trace, BY_CODE)


# Codes and addresses of ended sessions


def logged_in_by_two_sessions(code: str, url: str) -> Trace:
    trace = Trace().start()
    with trace.verb("login", screen="primary") as returns:
        trace.session("AAAAAAA")
        trace.session("BBBBBBB")
        returns |= {"code": code, "url": f"https://sp.example/api/v2/authenticate/REF30/{url}", "state": "pending"}
    return trace


@pytest.mark.parametrize(
    ("code", "url", "kind"),
    [
        ("AAAAAAA", "AAAAAAA", "other-code"),
        ("AAAAAAA", "BBBBBBB", "other-code"),
        ("BBBBBBB", "AAAAAAA", "other-address"),
    ],
)
def test_a_code_that_the_next_session_ended_is_of_no_use(code: str, url: str, kind: str) -> None:
    result = violated(logged_in_by_two_sessions(code, url).observations)[RETURNED]

    assert [finding.evidence.kind for finding in result.findings] == [kind]


def test_the_code_of_the_latest_session_passes() -> None:
    silent(logged_in_by_two_sessions("BBBBBBB", "BBBBBBB"), RETURNED)


def test_the_code_of_a_session_that_is_resumed_passes() -> None:
    trace = Trace().start()
    with trace.verb("login", screen="secondary") as returns:
        trace.session("AAAAAAA", missing=["mvpd"])
        trace.resume("AAAAAAA")
        returns["code"] = "AAAAAAA"

    silent(trace, RETURNED)


def test_a_session_of_another_app_ends_none() -> None:
    trace = Trace().start()
    with trace.verb("login", screen="secondary") as returns:
        trace.session("AAAAAAA", client_id="client-1")
        trace.session("BBBBBBB", client_id="client-2")
        returns["code"] = "AAAAAAA"

    silent(trace, RETURNED)


# Profiles that are gone


def returned(state: str | None, *, mvpd: str | None = MVPD, **more: object) -> Trace:
    """Return a login whose profile is not found when the viewer comes back."""
    trace = Trace().start()
    trace.log_in()
    trace.wait(300)
    with trace.verb("start"):
        trace.profiles(mvpd=mvpd, **more)  # type: ignore[arg-type]
    trace.ask("status", returns={} if state is None else {"state": state})
    return trace


@pytest.mark.parametrize("mvpd", [MVPD, None])
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("authenticated", Verdict.VIOLATED),
        ("unauthenticated", Verdict.PASSED),
        (None, Verdict.NOT_EXERCISED),
    ],
)
def test_an_answer_without_a_profile_ends_the_login(mvpd: str | None, state: str | None, expected: Verdict) -> None:
    assert verdict(returned(state, mvpd=mvpd), DROPPED) is expected


@pytest.mark.parametrize(
    "more",
    [
        {"mvpd": "Spectrum"},
        {"status": 503, "answer": "<html>"},
        {"answer": '{"profiles": '},
        {"client_id": "client-of-another-app"},
        {"headers": {"ad-service-token": "sha256:1"}},
    ],
)
def test_an_answer_about_another_profile_or_none_ends_no_login(more: dict[str, object]) -> None:
    trace = Trace().start()
    trace.log_in()
    trace.profiles(found=True, mvpd=MVPD, client_id="client-1")
    trace.wait(300)
    with trace.verb("start"):
        trace.profiles(**{"mvpd": MVPD, **more})  # type: ignore[arg-type]
    trace.ask("status", returns={"state": "authenticated"})

    assert DROPPED not in violated(trace.observations)


def test_a_device_without_its_profile_may_log_in_again() -> None:
    trace = returned("unauthenticated")
    trace.log_in(code="BBBBBBB")
    trace.ask("status", returns={"state": "authenticated"})

    silent(trace, DROPPED)


# Pollers that begin after their end

NEW_CODE = "authentication.poll-stops-on-new-code"


@pytest.mark.parametrize(("polls", "expected"), [(1, Verdict.PASSED), (3, Verdict.VIOLATED)])
def test_a_poller_must_not_begin_with_a_replaced_code(polls: int, expected: Verdict) -> None:
    """The viewer requests a new code before the first poll of the old one."""
    trace = Trace().start()
    trace.session("AAAAAAA")
    trace.wait(1)
    trace.session("BBBBBBB")
    for number in range(6):
        trace.wait(2)
        trace.poll("BBBBBBB")
        trace.wait(2)
        if number < polls:
            trace.poll("AAAAAAA", status=400)

    assert audited(NEW_CODE, trace) is expected


def test_a_replaced_code_that_is_never_polled_is_no_occasion() -> None:
    trace = Trace().start()
    trace.session("AAAAAAA")
    trace.wait(1)
    trace.session("BBBBBBB")
    for _ in range(4):
        trace.wait(4)
        trace.poll("BBBBBBB")

    assert audited(NEW_CODE, trace) is Verdict.NOT_EXERCISED


# Logins that nobody has shown


def redirected(trace: Trace, *, before: str = "unauthenticated") -> Trace:
    """Add a login whose browser comes back to redirectUrl."""
    trace.ask("status", returns={"state": before})
    with trace.verb("login", screen="primary") as returns:
        trace.session()
        returns.update(code="AAAAAAA", state="pending")
    trace.wait(20)
    trace.ask("arrived")
    return trace


def test_a_browser_at_redirect_url_is_no_login() -> None:
    trace = redirected(Trace().start())
    trace.ask("status", returns={"state": "authenticated"})
    trace.authorize()

    assert BY_CODE in violated(trace.observations)


@pytest.mark.parametrize("shown_by", ["poll", "profiles", "authorize", "session"])
def test_a_login_that_a_response_has_shown_passes(shown_by: str) -> None:
    trace = redirected(Trace().start())
    match shown_by:
        case "poll":
            trace.poll(found=True)
        case "profiles":
            trace.profiles(mvpd=MVPD, found=True)
        case "authorize":
            trace.authorize()
        case "session":
            trace.session(authorize=True)
    trace.ask("status", returns={"state": "authenticated"})

    assert BY_CODE not in violated(trace.observations)


def test_a_login_from_before_the_run_may_go_on_beside_a_new_one() -> None:
    trace = redirected(Trace().start(), before="authenticated")
    trace.ask("status", returns={"state": "authenticated"})

    assert BY_CODE not in violated(trace.observations)


def test_a_trial_after_a_dropped_login_is_no_assumed_login() -> None:
    trace = redirected(Trace().start())
    trace.ask("login", mvpd="TempPass", returns={"state": "authenticated"})
    trace.ask("status", returns={"state": "authenticated"})

    assert BY_CODE not in violated(trace.observations)


def test_a_login_that_may_be_any_devices_is_no_assumed_login() -> None:
    trace = redirected(Trace().start())
    trace.profiles(Viewer("an-unknown-identifier", "203.0.113.9"), found=True)
    trace.ask("status", returns={"state": "authenticated"})

    assert BY_CODE not in violated(trace.observations)


# Polls of other endpoints

SUCCESS = "authentication.poll-stops-on-success"


def polled_with(trace: Trace, endpoint: str, times: int, pause: float) -> Trace:
    for _ in range(times):
        trace.wait(pause)
        match endpoint:
            case "resume":
                trace.resume()
            case "authorize":
                trace.authorize(action="authentication")
            case "profile":
                trace.profiles(mvpd=MVPD, found=True)
    return trace


@pytest.mark.parametrize("endpoint", ["resume", "authorize"])
@pytest.mark.parametrize(("times", "expected"), [(3, Verdict.PASSED), (4, Verdict.VIOLATED)])
def test_a_login_is_not_awaited_by_other_requests(endpoint: str, times: int, expected: Verdict) -> None:
    trace = Trace().start()
    trace.session()
    polled_with(trace, endpoint, times, 4)
    trace.poll(found=True)

    assert audited(BY_CODE, trace) is expected


def test_a_catalogue_of_a_viewer_who_logs_in_is_no_polling() -> None:
    """Its resources are in several requests, all for a device without a profile."""
    trace = Trace().start()
    trace.session()
    missing = error("authenticated_profile_missing", "authentication")
    for number in range(12):
        decisions = [{"resource": f"r{number}", "authorized": False, "error": missing}]
        trace.preauthorize([f"r{number}"], answer={"decisions": decisions})
    trace.poll()

    assert audited(BY_CODE, trace) is Verdict.PASSED


@pytest.mark.parametrize(
    ("pause", "expected"), [(5, Verdict.VIOLATED), (60, Verdict.VIOLATED), (300, Verdict.PASSED)]
)
def test_a_profile_is_not_polled_after_the_login(pause: float, expected: Verdict) -> None:
    trace = Trace().start()
    trace.log_in()
    polled_with(trace, "profile", 6, pause)

    assert audited(SUCCESS, trace) is expected


def test_a_profile_that_is_read_between_playbacks_is_not_polled() -> None:
    trace = Trace().start()
    trace.log_in()
    for _ in range(8):
        polled_with(trace, "profile", 1, 30)
        trace.authorize()

    assert audited(SUCCESS, trace) is Verdict.PASSED


def test_a_viewer_keeps_no_rhythm() -> None:
    trace = Trace().start()
    trace.log_in()
    for pause in (5, 9, 31, 12, 6, 44, 20, 8):
        polled_with(trace, "profile", 1, pause)

    assert audited(SUCCESS, trace) is Verdict.PASSED


def test_the_rest_of_a_trial_may_be_read_in_a_rhythm() -> None:
    trace = Trace().start()
    trace.log_in()
    for _ in range(8):
        trace.wait(10)
        trial = {"TempPass": {"mvpd": "TempPass", "type": "temporary", "notAfter": trace.ms(600)}}
        trace.profiles(mvpd="TempPass", answer={"profiles": trial})

    assert audited(SUCCESS, trace) is Verdict.PASSED
