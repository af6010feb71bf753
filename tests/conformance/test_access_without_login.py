"""Access without a login of the viewer: degraded and temporary access, several providers, an outage."""

from __future__ import annotations

import pytest
from conformance_traces import MVPD, Trace, error
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from tests.conformance.trace_viewers import OTHER

DEGRADED = {"actionName": "authorize", "actionType": "direct", "reasonType": "degraded"}
TEMPORARY = {"actionName": "authorize", "actionType": "direct", "reasonType": "temporary"}
MISSING = {"decisions": [{"resource": "a", "authorized": False, "error": error("authenticated_profile_missing")}]}


@pytest.mark.parametrize("returns", [{"state": "authenticated"}, {}])
def test_a_login_that_degraded_access_replaces_passes(returns: dict[str, str]) -> None:
    trace = Trace().start()
    with trace.verb("login") as given:
        trace.session(answer=DEGRADED)
        given.update(returns)

    silent(trace, "authentication.degraded-access-used")


def test_a_playback_that_a_degradation_rule_permits_passes() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a") as given:
        trace.authorize(answer={"decisions": [{"resource": "a", "source": "degradation", "authorized": True}]})
        given["allowed"] = True

    silent(trace, "authentication.degraded-access-used")


def test_a_login_without_degradation_is_not_judged() -> None:
    trace = Trace().start()
    with trace.verb("login", failure="502: refused"):
        trace.session(status=400, answer=error("invalid_integration"))

    assert judge(trace.observations)["authentication.degraded-access-used"].verdict is Verdict.NOT_EXERCISED


def test_a_trial_begun_with_one_session_passes() -> None:
    trace = Trace().start()
    trace.session(answer=TEMPORARY)
    for number in range(5):
        trace.wait(60).authorize(media=f"m{number}")

    silent(trace, "authentication.temppass-needs-no-login")


def test_a_trial_of_each_day_and_a_logout_of_the_viewer_pass() -> None:
    trace = Trace().start()
    for number in range(5):
        trace.session(answer=TEMPORARY)
        trace.authorize(media=f"m{number}")
        trace.wait(86_400)
    trace.logout()
    trace.wait(60).session()

    silent(trace, "authentication.temppass-needs-no-login")


@pytest.mark.parametrize("provider", [MVPD, "Dish"])
def test_decisions_of_any_provider_with_a_profile_pass(provider: str) -> None:
    trace = Trace().start()
    trace.log_in()
    trace.profiles(mvpd="Dish", answer={"profiles": trace.profile(3600, "Dish")})
    trace.authorize(mvpd=provider)

    silent(trace, "authorization.own-provider")


def test_a_lost_profile_and_temporary_access_are_no_foreign_providers() -> None:
    trace = Trace().start()
    trace.log_in()
    trace.authorize(answer=MISSING)  # the provider ended the login
    trace.authorize(mvpd="TempPass")
    over = error("temporary_access_duration_limit_exceeded", "authentication")
    trace.authorize(mvpd="TempPass", answer={"decisions": [{"resource": "a", "authorized": False, "error": over}]})

    silent(trace, "authorization.own-provider")


def test_another_device_has_its_own_provider() -> None:
    trace = Trace().start()
    trace.log_in()
    trace.authorize(viewer=OTHER, mvpd="Dish", answer=MISSING)

    assert "authorization.own-provider" not in violated(trace.observations)


def test_a_stored_login_survives_an_outage() -> None:
    trace = Trace().start()
    trace.log_in()
    with trace.verb("start") as given:
        trace.profiles(mvpd=MVPD, status=503, answer="<html>")
        given["state"] = "authenticated"
    with trace.verb("login", OTHER, failure="503: try later"):
        trace.session("BBBBBBB", OTHER, status=503, answer="<html>")

    silent(trace, "errors.outage-logs-nobody-in")
