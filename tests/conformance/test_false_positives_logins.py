"""Compliant traces near the border of the rules of profiles and sessions, each beside one that crosses it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from conformance_traces import MVPD, Trace, error
from trace_verdicts import silent, violated

from pass_harness.conformance.evaluation.engine import Judge, Verdict
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.masking import mask


def test_one_look_at_the_profile_when_the_viewer_returns_passes() -> None:
    trace = Trace().start()
    with trace.verb("login", screen="secondary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.wait(4)
    trace.poll(found=True)
    for returning in ("start", "restart"):
        trace.ask(returning)
        with trace.verb("status") as returns:
            trace.profiles(mvpd=MVPD, found=True)
            returns["state"] = "authenticated"
        trace.ask("status", returns={"state": "authenticated"})

    silent(trace, "authentication.profile-remembered")


def test_an_app_that_shows_a_code_may_name_the_page_on_which_it_is_entered() -> None:
    for url, allowed in (
        ("https://sp.example/activate", True),
        ("https://adobe.example/api/v2/authenticate/sp/AAAAAAA", True),
        ("https://adobe.example/api/v2/authenticate/sp", False),
        ("https://adobe.example/api/v2/authenticate/sp/BBBBBBB", False),
    ):
        trace = Trace().start()
        with trace.verb("login", screen="secondary") as returns:
            trace.session()
            returns |= {"code": "AAAAAAA", "url": url}

        rule = "authentication.code-and-url-returned"
        if allowed:
            silent(trace, rule)
        else:
            assert rule in violated(trace.observations)


@pytest.mark.parametrize("mvpd", [MVPD, None])
def test_attributes_that_are_read_again_after_an_authorization_pass(mvpd: str | None) -> None:
    trace = Trace().start()
    trace.log_in()
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a")
        returns["allowed"] = True
    with trace.verb("status") as returns:
        trace.profiles(mvpd=mvpd, found=True)
        returns["state"] = "authenticated"

    silent(trace, "authentication.profile-remembered")


def test_a_second_look_at_the_profile_in_one_visit_is_a_violation() -> None:
    trace = Trace().start()
    trace.log_in()
    trace.ask("start", returns={"state": "authenticated"})
    for _ in range(2):
        with trace.verb("status") as returns:
            trace.profiles(mvpd=MVPD, found=True)
            returns["state"] = "authenticated"

    assert "authentication.profile-remembered" in violated(trace.observations)


def test_all_profiles_requested_after_an_authorization_pass_without_a_driver() -> None:
    trace = Trace().start()
    trace.log_in()
    trace.wait(100)
    trace.authorize("a")
    trace.profiles(found=True)
    seen = undriven(trace)
    assert seen["authentication.known-mvpd-asked-directly"] is not Verdict.VIOLATED

    trace.wait(100)
    trace.profiles(found=True)
    assert undriven(trace)["authentication.known-mvpd-asked-directly"] is Verdict.VIOLATED


def test_all_profiles_requested_with_a_partner_status_pass() -> None:
    """The system settings of an Apple device may name another TV provider than that of the last login."""
    trace = Trace().start()
    trace.log_in()
    trace.wait(100)
    trace.profiles(found=True, headers={"ap-partner-framework-status": "e30="})

    assert undriven(trace)["authentication.known-mvpd-asked-directly"] is not Verdict.VIOLATED


def undriven(trace: Trace) -> dict[str, Verdict]:
    judge = Judge(all_rules(), Expectations(), driven=False)
    for seen in trace.observations:
        judge.observe(seen)
    return {result.card.id: result.verdict for result in judge.conclude()}


@pytest.mark.parametrize(
    ("registers", "pause_s", "verdict"),
    [
        (False, 100.0, Verdict.INCONCLUSIVE),
        (False, 601.0, Verdict.VIOLATED),
        (True, 100.0, Verdict.VIOLATED),
    ],
)
def test_a_record_that_begins_in_the_middle_of_a_visit_does_not_show_its_profiles_request(
    pause_s: float, verdict: Verdict, *, registers: bool
) -> None:
    trace = Trace(token_value=mask("old"))
    if registers:
        trace.start()
    trace.configuration()
    trace.wait(pause_s)
    trace.session()

    assert undriven(trace)["authentication.profiles-checked-first"] is verdict


def test_a_registration_from_before_a_watch_is_known() -> None:
    before = Trace().start()
    judge = Judge(all_rules(), Expectations(), driven=False)
    judge.recall(seen for seen in before.observations if isinstance(seen, Exchange))
    judge.observe(before.session())

    found = {result.card.id: result.verdict for result in judge.conclude()}
    assert found["authentication.profiles-checked-first"] is Verdict.VIOLATED


def test_a_session_of_a_temporary_pass_without_a_look_up_passes() -> None:
    trace = Trace().start()
    trace.session(authorize=True)
    assert "authentication.profiles-checked-first" not in violated(trace.observations)

    trace.session()
    assert "authentication.profiles-checked-first" in violated(trace.observations)


def test_a_device_with_a_temporary_pass_may_be_authenticated_after_its_profile() -> None:
    trace = Trace().start()
    trace.log_in(life=10)
    trace.wait(15)
    trace.session(authorize=True)
    trace.ask("status", returns={"state": "authenticated"})
    assert "authentication.profile-expiry-honoured" not in violated(trace.observations)


def test_a_device_with_another_providers_profile_may_be_authenticated_after_a_report() -> None:
    trace = Trace().start()
    both = {"profiles": trace.profile(86400, MVPD, "Spectrum")}
    trace.profiles(answer=both)
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="authentication")
        returns |= {"allowed": False, "login_required": True}
    trace.ask("status", returns={"state": "authenticated"})
    assert "authentication.invalidated-profile-dropped" not in violated(trace.observations)


def test_a_play_that_tries_a_temporary_pass_before_it_asks_for_a_login_passes() -> None:
    """The profile of the TV provider is gone, the TempPass is over, and the viewer has to log in."""
    over = error("temporary_access_duration_limit_exceeded", "authentication")
    trace = Trace().start()
    trace.log_in()
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="authentication")
        trace.authorize(
            "a", mvpd="TempPass", answer={"decisions": [{"resource": "a", "authorized": False, "error": over}]}
        )
        returns |= {"allowed": False, "login_required": True, "reason": "Log in."}
    trace.ask("status", returns={"state": "unauthenticated"})
    found = set(violated(trace.observations))
    assert not found & {"authorization.unauthenticated-means-login", "authentication.invalidated-profile-dropped"}

    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="authentication")
        trace.authorize("a", mvpd="TempPass")
        returns |= {"allowed": True, "login_required": False}
    assert "authorization.unauthenticated-means-login" not in violated(trace.observations)


def test_a_look_at_a_temporary_pass_ends_no_login() -> None:
    trace = Trace().start()
    trace.log_in()
    trace.ask("status", returns={"state": "authenticated"})
    trace.profiles(mvpd="TempPass", answer={"profiles": {}})
    with trace.verb("start"):
        trace.profiles(found=True)
    assert "authentication.known-mvpd-asked-directly" in violated(trace.observations)


DOMAINS = {"requestor": {"domains": [{"name": "Adobe.com"}, {"name": "example.org"}], "mvpds": []}}


@pytest.mark.parametrize("domain", ["adobe.com", "ADOBE.COM", "tv.adobe.com", "a.b.Example.ORG"])
@pytest.mark.parametrize("url", ["https://adobe.com/", "com.example.app://done", "com.example.app:/done"])
def test_domains_below_a_listed_one_and_urls_of_apps_pass(domain: str, url: str) -> None:
    trace = Trace().start()
    trace.configuration(answer=DOMAINS)
    trace.session(sent={"mvpd": MVPD, "domainName": domain, "redirectUrl": url})

    silent(trace, "authentication.session-is-complete")


@pytest.mark.parametrize("domain", ["notadobe.com", "adobe.com.example.net", "com", "org"])
def test_other_domains_are_violations_in_sessions_and_when_they_are_resumed(domain: str) -> None:
    for resumed in (False, True):
        trace = Trace().start()
        trace.configuration(answer=DOMAINS)
        if resumed:
            trace.session(missing=["domainName"])
            trace.resume(body=urlencode({"domainName": domain}))
        else:
            trace.session(sent={"mvpd": MVPD, "domainName": domain, "redirectUrl": "https://adobe.com/"})

        assert "authentication.session-is-complete" in violated(trace.observations)


def test_a_code_without_a_provider_that_the_second_screen_completes_passes() -> None:
    trace = Trace().start()
    with trace.verb("login", screen="secondary") as returns:
        trace.session(missing=["mvpd"])
        returns["code"] = "AAAAAAA"
    with trace.verb("enter_code", code="AAAAAAA") as returns:
        trace.look_up()
        trace.resume()
        returns["url"] = "https://api.auth.adobe.com/api/v2/authenticate/REF30/AAAAAAA"
    trace.authenticate()

    silent(trace, "authentication.session-is-complete")


def test_a_page_of_the_service_may_complete_the_session_after_the_verb() -> None:
    trace = Trace().start()
    with trace.verb("login", screen="primary") as returns:
        trace.session(missing=["mvpd"])
        returns |= {"code": "AAAAAAA", "url": "https://tv.example/choose?code=AAAAAAA"}
    trace.resume()
    trace.authenticate()

    silent(trace, "authentication.session-is-complete")


def polled(gaps: dict[str, tuple[float, ...]]) -> Trace:
    """Return polls of several codes at these intervals, long before a verb."""
    trace = Trace()
    for code, seconds in gaps.items():
        trace.session(code)
        trace.wait(2)
        for gap in (*seconds, 0.0):
            trace.poll(code)
            trace.wait(gap)
    trace.wait(20)
    trace.ask("status")
    return trace


def test_two_pollers_with_jitter_show_by_three_codes() -> None:
    jittered = {"AAAAAAA": (0.5, 3.5), "BBBBBBB": (0.1, 3.2), "CCCCCCC": (0.8, 2.4)}
    found = violated(polled(jittered).observations)["authentication.poll-is-single"].findings

    assert [finding.evidence.kind for finding in found] == ["interleaved-polls"]


def test_a_single_poller_that_is_too_fast_is_not_taken_for_two() -> None:
    jittered = {"AAAAAAA": (0.5, 3.5, 0.4), "BBBBBBB": (0.1, 3.2), "CCCCCCC": (0.8, 1.4, 2.4)}
    found = violated(polled(jittered).observations)

    assert "authentication.poll-interval" in found
    assert "authentication.poll-is-single" not in found
