"""Compliant traces near the border of the rules of registration and configuration, once false positives.

`test_compliant_traces` covers the other compliant traces.
"""

from __future__ import annotations

from conformance_traces import Trace, error
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer


def test_a_client_for_each_app_instance_passes() -> None:
    trace = Trace()
    for number in range(3):
        viewer = Viewer(f"device-{number}", f"198.18.0.{number + 1}")
        trace.register(f"client-{number}")
        trace.token(f"t{number}")
        trace.profiles(viewer)
        trace.profiles(viewer)

    silent(trace, "registration.credentials-reused")


def test_registering_again_after_a_refusal_passes() -> None:
    trace = Trace().start()
    trace.profiles(VIEWER)
    trace.profiles(OTHER)
    trace.token(error="invalid_client")
    trace.register("client-2")
    trace.token("t2")
    trace.profiles(VIEWER)
    trace.profiles(OTHER)

    silent(trace, "registration.credentials-reused")
    assert "registration.token-renewed-with-same-credentials" not in violated(trace.observations)


def test_a_client_and_a_token_for_each_of_two_instances_pass() -> None:
    trace = Trace().start()
    trace.profiles(VIEWER)
    trace.profiles(OTHER)
    trace.register("client-2")
    trace.token("t2")
    trace.profiles(VIEWER)
    trace.profiles(OTHER)

    silent(trace, "registration.credentials-reused", instances=2)
    silent(trace, "registration.token-reused", instances=2)


def test_credentials_that_survive_a_restart_pass() -> None:
    trace = Trace().start()
    trace.profiles()
    trace.ask("restart")
    trace.token("t2")
    trace.profiles()

    silent(trace, "registration.credentials-survive-restart")


def test_a_token_renewed_in_time_passes() -> None:
    trace = Trace().start(life=20)
    trace.profiles()
    trace.wait(18)
    trace.token("t2", life=600)
    trace.profiles()
    trace.wait(10)
    trace.profiles()

    silent(trace, "registration.token-not-used-after-expiry")
    silent(trace, "registration.token-renewed-proactively")
    silent(trace, "registration.token-renewed-with-same-credentials")


def test_requests_in_flight_at_a_rejection_pass() -> None:
    refused = error("invalid_access_token_client_application", "application-registration", 401)
    trace = Trace().start()
    old = trace.token_value
    trace.profiles(VIEWER, status=401, answer=refused)
    trace.profiles(OTHER, status=401, answer=refused)
    trace.token("t2")
    trace.profiles(VIEWER)
    trace.profiles(Viewer("device-3", "198.18.0.3"), headers={"authorization": f"Bearer {old}"}, status=401)

    silent(trace, "registration.unauthorized-renews-first")


def test_requests_in_flight_for_some_seconds_pass() -> None:
    refused = error("invalid_access_token_client_application", "application-registration", 401)
    trace = Trace().start()
    old = trace.token_value
    late = {"headers": {"authorization": f"Bearer {old}"}, "status": 401, "answer": refused}
    trace.profiles(VIEWER, **late)
    trace.wait(4)
    trace.profiles(OTHER, **late)
    trace.token("t2")
    trace.profiles(VIEWER)

    silent(trace, "registration.unauthorized-renews-first")


def test_a_token_sent_long_after_its_rejection_is_a_violation() -> None:
    refused = error("invalid_access_token_client_application", "application-registration", 401)
    trace = Trace().start()
    trace.profiles(VIEWER, status=401, answer=refused)
    trace.wait(6)
    trace.profiles(OTHER, status=401, answer=refused)

    assert "registration.unauthorized-renews-first" in violated(trace.observations)


def test_a_token_that_works_after_its_rejection_may_be_used_on() -> None:
    """For example a service that got a fresh token rejected, gave up, and has no other token."""
    refused = error("invalid_access_token_client_application", "application-registration", 401)
    trace = Trace().start()
    trace.profiles(VIEWER, status=401, answer=refused)
    trace.wait(1)
    trace.profiles(OTHER)
    trace.wait(6)
    trace.profiles(OTHER)
    trace.profiles(VIEWER)

    assert "registration.unauthorized-renews-first" not in violated(trace.observations)


def test_a_token_that_worked_before_its_rejection_is_not_proven_to_work() -> None:
    refused = error("invalid_access_token_client_application", "application-registration", 401)
    trace = Trace().start()
    trace.profiles(OTHER)
    trace.profiles(VIEWER, status=401, answer=refused)
    trace.wait(6)
    trace.profiles(OTHER)

    assert "registration.unauthorized-renews-first" in violated(trace.observations)


def test_a_token_refused_for_one_service_provider_stays_valid_for_others() -> None:
    refused = error("invalid_access_token_service_provider", "application-registration", 401)
    trace = Trace().start()
    trace.profiles(VIEWER, status=401, answer=refused)
    trace.wait(5)
    trace.profiles(OTHER)

    assert "registration.unauthorized-renews-first" not in violated(trace.observations)


def test_advancing_the_mocks_clock_expires_no_token_or_code() -> None:
    trace = Trace().start()
    trace.session()
    for _ in range(3):
        trace.wait(3.5)
        trace.poll(at=trace.ms() + 7 * 3_600_000)

    assert not {"registration.token-not-used-after-expiry", "authentication.poll-stops-on-expiry"} & set(
        violated(trace.observations)
    )


def test_a_registration_long_after_a_restart_passes() -> None:
    trace = Trace().start()
    trace.profiles(VIEWER)
    trace.profiles(OTHER)
    trace.ask("restart")
    trace.profiles(VIEWER)
    trace.register("client-2")
    trace.token("t2")
    trace.profiles(OTHER)

    silent(trace, "registration.credentials-survive-restart")


def test_hidden_providers_that_are_left_out_pass() -> None:
    trace = Trace().start()
    with trace.verb("providers") as returns:
        trace.configuration(mvpds=["Cablevision", "TempPass"])
        returns["providers"] = ["Cablevision"]

    silent(trace, "configuration.filtered", hidden_mvpds=("TempPass*",))
    assert judge(trace.observations)["configuration.filtered"].verdict is Verdict.NOT_EXERCISED
