"""Compliant traces near the border of the rules of authentication, once false positives.

`test_compliant_traces` covers the other compliant traces.
"""

from __future__ import annotations

from typing import Any

import pytest
from conformance_traces import Trace, error
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from tests.conformance.trace_viewers import OTHER, Viewer


def test_authorize_that_is_followed_by_decisions_passes() -> None:
    trace = Trace().start()
    trace.session(authorize=True)
    trace.authorize()
    trace.wait(10)
    trace.session(authorize=True)

    silent(trace, "authentication.no-login-when-authorized")


def test_a_state_that_follows_the_profile_passes() -> None:
    trace = Trace().start()
    trace.log_in(life=10)
    trace.wait(20)
    trace.ask("status", returns={"state": "unauthenticated"})
    trace.log_in(code="BBBBBBB")
    with trace.verb("play", resource="a") as returns:
        trace.authorize(action="authentication")
        returns |= {"allowed": False, "login_required": True, "reason": "Log in again."}
    trace.ask("status", returns={"state": "unauthenticated"})

    silent(trace, "authentication.profile-expiry-honoured")
    silent(trace, "authentication.invalidated-profile-dropped")
    silent(trace, "authorization.unauthenticated-means-login")


def test_a_partner_logout_with_a_message_passes() -> None:
    trace = Trace().start()
    with trace.verb("logout") as returns:
        trace.logout(name="partner_logout", url=None)
        returns["message"] = "Log out in the system settings too."

    silent(trace, "logout.other-actions-handled")


def test_a_session_without_parameters_that_is_resumed_passes() -> None:
    trace = Trace().start()
    trace.session(missing=["mvpd", "domainName", "redirectUrl"])
    trace.wait(3.5)
    trace.poll()
    trace.resume()
    trace.authenticate()

    silent(trace, "authentication.session-is-complete")


CONFIGURATION = {"requestor": {"domains": [{"name": "adobe.com"}, {"name": "adobe.org"}], "mvpds": []}}


def session_for(domain: str) -> Trace:
    trace = Trace().start()
    trace.configuration(answer=CONFIGURATION)
    trace.session(sent={"mvpd": "Cablevision", "domainName": domain, "redirectUrl": "https://adobe.com/"})
    return trace


def test_a_domain_that_the_configuration_lists_passes() -> None:
    silent(session_for("adobe.org"), "authentication.session-is-complete")


def test_an_unlisted_domain_is_a_violation() -> None:
    assert "authentication.session-is-complete" in violated(session_for("example.org").observations)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"returns": {"error": "Check the code."}}, True),
        ({"status": 404}, True),
        ({"returns": {"error": ""}}, False),
        ({"failure": "500", "status": 500}, False),
    ],
)
def test_an_error_for_a_wrong_code_passes(answer: dict[str, Any], told: bool) -> None:
    trace = Trace().start()
    answer = {**answer}
    returns = answer.pop("returns", {})
    with trace.verb("enter_code", code="WRONG00", **answer) as given:
        trace.look_up("WRONG00", status=400, answer=error("invalid_parameter_code", status=400))
        given.update(returns)

    found = judge(trace.observations)["authentication.code-validated-on-second-screen"].verdict
    assert found is (Verdict.PASSED if told else Verdict.VIOLATED)


def test_polls_repeated_after_a_renewed_token_pass() -> None:
    trace = Trace().start()
    trace.session()
    trace.poll(status=401)
    trace.token("t2")
    trace.poll()
    trace.wait(3.1)
    trace.poll()

    silent(trace, "authentication.poll-interval")


def test_a_code_lookup_by_the_second_screen_passes() -> None:
    trace = Trace().start()
    trace.log_in()
    trace.codes["AAAAAAA"] = Viewer("phone", "203.0.113.9")
    trace.poll(found=True)
    trace.wait(10)
    trace.profiles(OTHER)

    silent(trace, "authentication.poll-stops-on-success")
    silent(trace, "authentication.poll-interval")


def test_a_logout_after_a_denial_passes_if_a_verb_requested_it() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="none")
        returns["allowed"] = False
    with trace.verb("logout"):
        trace.logout()

    silent(trace, "logout.never-automatic")


def test_ciphertext_that_is_omitted_or_labelled_passes() -> None:
    secret = {"value": "c3Bocw==", "state": "enc"}
    trace = Trace().start()
    trace.profiles(answer={"profiles": trace.profile(attributes={"zip": secret, "userID": {"value": "u"}})})
    for shown in ({"userID": "u"}, {"zip": secret}):
        trace.ask("status", returns={"state": "authenticated", "attributes": shown})

    silent(trace, "authentication.encrypted-metadata-handled")


def test_a_selection_among_several_profiles_passes() -> None:
    trace = Trace().start()
    with trace.verb("login", mvpd="Spectrum", screen="primary") as returns:
        trace.profiles(answer={"profiles": trace.profile(60, "Cablevision", "Spectrum")})
        returns["state"] = "authenticated"

    silent(trace, "authentication.several-profiles-handled")


def test_attributes_lost_in_a_restart_are_a_violation() -> None:
    trace = Trace().start()
    trace.log_in()
    shown = {"state": "authenticated", "attributes": {"userID": "u", "maxRating": "TV-14"}}
    trace.ask("status", returns=shown)
    trace.ask("restart")
    trace.ask("status", returns=shown)
    silent(trace, "authentication.profile-remembered")

    trace.ask("status", returns={"state": "authenticated", "attributes": {"userID": "u"}})

    found = violated(trace.observations)["authentication.profile-remembered"].findings[0].evidence
    assert found.observed == "missing after the restart: maxRating"
