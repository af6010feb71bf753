"""Compliant traces near the border of the rules of logout, each beside one that crosses it."""

from __future__ import annotations

import pytest
from conformance_traces import MVPD, Trace
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from tests.conformance.trace_viewers import OTHER

OTHER_MVPD = "TempPass_TEST40"
STATUS = {"state": "unauthenticated"}


def logged_out(after_s: float, then_s: float = 10.0) -> Trace:
    """Return a trace in which the service calls logout some seconds after its answer to the app."""
    trace = Trace().start()
    trace.log_in()
    trace.ask("logout")
    trace.wait(after_s)
    trace.logout()
    trace.wait(then_s)
    trace.ask("status", returns=STATUS)
    return trace


@pytest.mark.parametrize("after_s", [0.1, 4.5])
def test_a_logout_call_after_the_answer_to_the_app_passes(after_s: float) -> None:
    silent(logged_out(after_s), "logout.on-request")
    silent(logged_out(after_s), "logout.never-automatic")


def test_a_logout_call_long_after_the_answer_to_the_app_is_a_violation() -> None:
    assert {"logout.on-request", "logout.never-automatic"} <= set(violated(logged_out(6).observations))


def test_a_record_that_ends_at_a_logout_does_not_show_whether_the_call_came() -> None:
    trace = Trace().start()
    trace.log_in()
    trace.ask("logout")

    assert judge(trace.observations)["logout.on-request"].verdict is Verdict.INCONCLUSIVE


def test_a_late_logout_call_without_a_redirect_url_is_a_violation() -> None:
    trace = Trace().start()
    trace.log_in()
    trace.ask("logout")
    trace.wait(1)
    trace.logout(query="")
    trace.wait(10)
    trace.ask("status", returns=STATUS)

    assert "logout.on-request" in violated(trace.observations)


def test_the_late_logout_call_of_another_device_does_not_count() -> None:
    trace = Trace().start()
    trace.log_in()
    trace.log_in(OTHER, code="BBBBBBB")
    trace.ask("status", OTHER)
    trace.ask("logout")
    trace.wait(1)
    trace.logout(OTHER)
    trace.wait(10)
    trace.ask("status", returns=STATUS)

    assert "logout.on-request" in violated(trace.observations)


def test_a_logout_of_all_providers_passes() -> None:
    trace = Trace().start()
    trace.log_in()
    with trace.verb("logout") as returns:
        trace.logout()
        trace.logout(mvpd="Spectrum")
        returns["url"] = "https://mvpd.example/out"
    trace.ask("status", returns=STATUS)

    silent(trace, "logout.on-request")
    silent(trace, "logout.never-automatic")


@pytest.mark.parametrize("chosen", ["Spectrum", MVPD])
def test_a_logout_of_the_old_provider_passes_when_the_viewer_chooses_another(chosen: str) -> None:
    trace = Trace().start()
    trace.log_in()
    with trace.verb("login", mvpd=chosen, screen="secondary") as returns:
        trace.logout()
        trace.session("BBBBBBB")
        returns["code"] = "BBBBBBB"
    trace.ask("status", returns={"state": "pending"})

    assert ("logout.never-automatic" in violated(trace.observations)) == (chosen == MVPD)


def test_a_logout_of_the_old_provider_passes_when_the_login_with_another_is_complete() -> None:
    trace = Trace().start()
    trace.log_in()
    with trace.verb("login", mvpd="Spectrum", screen="secondary") as returns:
        trace.session("BBBBBBB")
        returns["code"] = "BBBBBBB"
    trace.wait(30)
    trace.poll("BBBBBBB", answer={"profiles": trace.profile(86400, "Spectrum")})
    trace.logout()
    trace.ask("status", returns={"state": "authenticated"})
    silent(trace, "logout.never-automatic")

    trace.logout(mvpd="Spectrum")
    trace.ask("status", returns={"state": "authenticated"})
    assert "logout.never-automatic" in violated(trace.observations)


def test_a_logout_of_one_provider_ends_no_login_with_another() -> None:
    trace = Trace().start()
    trace.profiles(answer={"profiles": trace.profile(86400, MVPD, "Spectrum")})
    with trace.verb("logout"):
        trace.logout()
    with trace.verb("start"):
        trace.profiles(answer={"profiles": trace.profile(86400, "Spectrum")})

    # The device is still known to be logged in, so the list of all profiles is not the right question.
    assert "authentication.known-mvpd-asked-directly" in violated(trace.observations)


@pytest.mark.parametrize(
    "action",
    [{"actionType": "none", "url": "https://mvpd.example/out"}, {"actionType": "interactive"}],
    ids=["not-interactive", "without-url"],
)
def test_a_logout_without_an_interactive_url_has_none_for_the_app(action: dict[str, str]) -> None:
    trace = Trace().start()
    trace.log_in()
    with trace.verb("logout") as returns:
        trace.logout(answer={"logouts": {MVPD: {"actionName": "logout", "mvpd": MVPD, **action}}})
        returns["url"] = None

    assert judge(trace.observations)["logout.interactive-url-returned"].verdict is Verdict.NOT_EXERCISED


@pytest.mark.parametrize("source", ["temppass", "degradation"])
def test_a_playback_after_a_logout_needs_no_login_if_adobe_pass_permits_it_without_one(source: str) -> None:
    silent(played_after_logout(source), "logout.state-cleared")


def test_a_playback_after_a_logout_with_the_permit_of_the_tv_provider_is_a_violation() -> None:
    assert "logout.state-cleared" in violated(played_after_logout("mvpd").observations)


def played_after_logout(source: str) -> Trace:
    """Return a trace in which a device that has logged out plays with a permit of the source."""
    trace = Trace().start()
    trace.log_in()
    with trace.verb("logout"):
        trace.logout()
    with trace.verb("play", resource="resource1") as returns:
        permit = {"resource": "resource1", "authorized": True, "source": source}
        trace.authorize("resource1", mvpd=OTHER_MVPD, answer={"decisions": [permit]})
        returns["allowed"] = True
    trace.ask("status", returns=STATUS)
    return trace
