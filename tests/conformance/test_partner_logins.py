"""Logins through a partner (Apple): the profiles that it creates, and its fallback to the basic login with a code.

Sources: Retrieve partner authentication request, Create and retrieve profile using partner authentication response.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from conformance_traces import MVPD, Trace, error
from trace_verdicts import judge, violated

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.evaluation.gaps import unread
from pass_harness.mock_server.exchange import Exchange
from tests.conformance.trace_viewers import VIEWER, Viewer, encode

EXPIRY, NEW_CODE = "authentication.poll-stops-on-expiry", "authentication.poll-stops-on-new-code"
COMPLETE, RETURNED = "authentication.session-is-complete", "authentication.code-and-url-returned"
OUTAGE, CLEARED = "errors.outage-logs-nobody-in", "logout.state-cleared"
DROPPED, DEGRADED = "authentication.invalidated-profile-dropped", "authentication.degraded-access-used"
VISITOR = "headers.visitor-identifier-passed"
INTERVAL, HONOURED = "authentication.poll-interval", "authentication.profile-expiry-honoured"
REMEMBERED = "authentication.profile-remembered"
STATUS = {
    "ap-partner-framework-status": encode("{}"),
    "content-type": "application/x-www-form-urlencoded",
}
AUTHENTICATED = {"state": "authenticated"}
SENT = {"domainName": "adobe.com", "redirectUrl": "https://adobe.com/"}
PHONE = Viewer("phone", "198.18.0.9")


def ask_partner(trace: Trace, answer: dict[str, Any], **more: Any) -> None:  # noqa: ANN401 - fields by name
    trace.call(
        "sessions.partner", "sessions/sso/Apple", method="POST", headers=STATUS, body=urlencode(SENT),
        answer=answer, **more,
    )  # fmt: skip


def fall_back(trace: Trace, code: str = "AAAAAAA", *, life: float = 1800.0, missing: Iterable[str] = ()) -> None:
    """Ask the partner endpoint, which falls back to the basic login with a code."""
    trace.codes[code] = VIEWER
    lacking = {"actionName": "resume", "missingParameters": [*missing]} if missing else {"actionName": "authenticate"}
    validity = {"notBefore": str(trace.ms()), "notAfter": str(trace.ms(life))}
    ask_partner(trace, {**lacking, "reasonType": "pfs_fallback", "code": code, **validity}, code=code, mvpd=MVPD)


def log_in_with_partner(trace: Trace, *, status: int = 201, found: bool = True) -> None:
    profile = {mvpd: {**one, "type": "appleSSO"} for mvpd, one in trace.profile().items()} if found else {}
    trace.call(
        "profiles.partner", "profiles/sso/Apple", method="POST", headers=STATUS, status=status,
        body=urlencode({"SAMLResponse": encode("<Response/>")}), answer={"profiles": profile},
    )  # fmt: skip


def poll(trace: Trace, code: str, times: int, every: float = 4.0) -> None:
    for _ in range(times):
        trace.wait(every).poll(code)


# The fallback to the basic login


@pytest.mark.parametrize(("polls", "verdict"), [(14, Verdict.PASSED), (30, Verdict.VIOLATED)])
def test_the_code_of_a_fallback_expires(polls: int, verdict: Verdict) -> None:
    trace = Trace().start()
    fall_back(trace, life=60.0)
    poll(trace, "AAAAAAA", polls)
    trace.wait(60).profiles()

    assert judge(trace.observations)[EXPIRY].verdict is verdict


@pytest.mark.parametrize(("polls", "verdict"), [(0, Verdict.PASSED), (4, Verdict.VIOLATED)])
def test_the_code_of_a_fallback_replaces_the_earlier_one(polls: int, verdict: Verdict) -> None:
    trace = Trace().start()
    trace.session("AAAAAAA")
    poll(trace, "AAAAAAA", 3)
    fall_back(trace, "BBBBBBB")
    poll(trace, "AAAAAAA", polls)
    trace.wait(60).profiles()

    assert judge(trace.observations)[NEW_CODE].verdict is verdict


def test_a_request_of_the_partner_without_a_fallback_replaces_no_code() -> None:
    trace = Trace().start()
    trace.session("AAAAAAA")
    poll(trace, "AAAAAAA", 3)
    ask_partner(trace, {"actionName": "partner_profile", "reasonType": "none", "mvpd": MVPD})
    poll(trace, "AAAAAAA", 4)
    trace.wait(60).profiles()

    assert NEW_CODE not in violated(trace.observations)


def test_a_second_screen_may_look_the_code_of_a_fallback_up() -> None:
    trace = Trace().start()
    for number in range(6):
        code = f"AAAAAA{number}"
        fall_back(trace, code)
        for viewer in (PHONE, VIEWER, VIEWER, VIEWER):
            trace.codes[code] = viewer
            trace.poll(code)
            trace.wait(4.0 if viewer is VIEWER else 1.0)

    assert INTERVAL not in violated(trace.observations)


@pytest.mark.parametrize("resumed", [True, False])
def test_a_fallback_that_lacks_a_parameter_is_resumed_before_the_login(resumed: bool) -> None:
    trace = Trace().start()
    fall_back(trace, missing=["redirectUrl"])
    if resumed:
        trace.resume(body=urlencode({"redirectUrl": "https://adobe.com/"}))
    trace.authenticate()

    assert judge(trace.observations)[COMPLETE].verdict is (Verdict.PASSED if resumed else Verdict.VIOLATED)


@pytest.mark.parametrize(("returned", "verdict"), [("AAAAAAA", Verdict.PASSED), ("ZZZZZZZ", Verdict.VIOLATED)])
def test_the_app_gets_the_code_of_a_fallback(returned: str, verdict: Verdict) -> None:
    trace = Trace().start()
    with trace.verb("login", mvpd=MVPD, screen="secondary") as returns:
        fall_back(trace)
        returns["code"] = returned

    assert judge(trace.observations)[RETURNED].verdict is verdict


def test_the_app_may_get_the_code_of_a_session_that_follows_a_fallback() -> None:
    trace = Trace().start()
    with trace.verb("login", mvpd=MVPD, screen="secondary") as returns:
        fall_back(trace)
        trace.session("BBBBBBB")
        returns["code"] = "AAAAAAA"  # which the second session has replaced

    assert RETURNED in violated(trace.observations)


@pytest.mark.parametrize(
    ("returns", "verdict"),
    [(AUTHENTICATED, Verdict.PASSED), ({"state": "pending", "code": "AAAAAAA"}, Verdict.VIOLATED)],
)
def test_degraded_access_at_the_partner_needs_no_login(returns: dict[str, str], verdict: Verdict) -> None:
    trace = Trace().start()
    with trace.verb("login", mvpd=MVPD, screen="secondary") as given:
        ask_partner(trace, {"actionName": "authorize", "reasonType": "degraded", "mvpd": MVPD}, mvpd=MVPD)
        given.update(returns)

    assert judge(trace.observations)[DEGRADED].verdict is verdict


# Profiles that the partner created


def in_an_outage(trace: Trace) -> None:
    """Report the stored login while Adobe Pass fails."""
    with trace.verb("status") as returns:
        trace.profiles(status=503, answer="")
        returns.update(AUTHENTICATED)


@pytest.mark.parametrize("found", [True, False])
def test_a_login_with_the_partner_is_kept_in_an_outage(found: bool) -> None:
    trace = Trace().start()
    with trace.verb("login", mvpd=MVPD) as returns:
        log_in_with_partner(trace, found=found)
        returns.update(AUTHENTICATED)
    in_an_outage(trace)

    assert (OUTAGE in violated(trace.observations)) is not found


@pytest.mark.parametrize("action", ["authorize", "partner_profile"])
def test_a_partner_session_that_needs_no_login_is_kept_in_an_outage(action: str) -> None:
    trace = Trace().start()
    ask_partner(trace, {"actionName": action, "reasonType": "authenticatedSSO"})
    in_an_outage(trace)

    assert (OUTAGE in violated(trace.observations)) is (action != "authorize")


@pytest.mark.parametrize("again", [True, False])
def test_a_login_with_the_partner_follows_a_logout(again: bool) -> None:
    trace = Trace().start()
    log_in_with_partner(trace)
    with trace.verb("logout"):
        trace.logout(name="partner_logout", url=None)
    with trace.verb("start") as returns:
        if again:
            log_in_with_partner(trace)
        returns.update(AUTHENTICATED)

    assert (CLEARED in violated(trace.observations)) is not again


@pytest.mark.parametrize("again", [True, False])
def test_a_login_with_the_partner_replaces_a_profile_that_is_gone(again: bool) -> None:
    trace = Trace().start()
    log_in_with_partner(trace)
    trace.authorize(action="authentication")
    if again:
        log_in_with_partner(trace)
    trace.ask("status", returns=AUTHENTICATED)

    assert (DROPPED in violated(trace.observations)) is not again


def test_a_refused_login_with_the_partner_brings_no_profile() -> None:
    trace = Trace().start()
    refused = error("invalid_parameter_saml_response", status=400)
    trace.call("profiles.partner", "profiles/sso/Apple", method="POST", headers=STATUS, status=400, answer=refused)
    in_an_outage(trace)

    assert OUTAGE in violated(trace.observations)


@pytest.mark.parametrize("renewed", [True, False])
def test_the_partner_renews_an_expired_profile_without_a_login(renewed: bool) -> None:
    trace = Trace().start()
    trace.profiles(found=True, life=60.0)
    trace.wait(100)
    with trace.verb("start") as returns:
        if renewed:
            log_in_with_partner(trace)
        returns.update(AUTHENTICATED)
    trace.ask("status", returns=AUTHENTICATED)

    assert (HONOURED in violated(trace.observations)) is not renewed


@pytest.mark.parametrize(
    ("headers", "times", "verdict"),
    [(STATUS, 1, Verdict.PASSED), (STATUS, 2, Verdict.VIOLATED), ({}, 1, Verdict.VIOLATED)],
)
def test_one_look_for_a_partner_profile_when_the_viewer_returns_passes(
    headers: dict[str, str], times: int, verdict: Verdict
) -> None:
    """The Apple SSO Cookbook lets the app ask for all profiles, with the framework's status."""
    trace = Trace().start()
    log_in_with_partner(trace)
    for _ in range(2):
        trace.wait(100)
        with trace.verb("start") as returns:
            for _ in range(times):
                trace.profiles(found=True, headers=headers)
            returns.update(AUTHENTICATED)

    assert judge(trace.observations)[REMEMBERED].verdict is verdict


def test_an_archive_that_lacks_the_answer_of_the_partner_does_not_show_its_code() -> None:
    trace = Trace().start()
    fall_back(trace)
    session = trace.observations[-1]
    assert isinstance(session, Exchange)
    lacking = msgspec.structs.replace(session, lacks=("response_body",), response_body="")

    for rule in (EXPIRY, NEW_CODE, COMPLETE):
        assert unread(rule, lacking) == "response_body"


@pytest.mark.parametrize("sent", [{"ap-visitor-identifier": "123"}, {}])
def test_the_visitor_is_named_at_the_partner_endpoints(sent: dict[str, str]) -> None:
    trace = Trace().start()
    with trace.verb("login", visitor="123"):
        trace.call("sessions.partner", "sessions/sso/Apple", method="POST", headers=STATUS | sent)
    with trace.verb("login", visitor="123"):
        trace.call("profiles.partner", "profiles/sso/Apple", method="POST", status=201, headers=STATUS | sent)

    result = judge(trace.observations)[VISITOR]
    assert (result.opportunities, len(result.findings)) == (2, 0 if sent else 2)
