"""What has looked like a breach to a careless rule, and what no night of `test_compliant_traces` brings."""

from __future__ import annotations

from typing import Any

from conformance_traces import OTHER, VIEWER, Trace, Viewer, encode, error, judge, violated

from conformance.engine import Verdict
from conformance.rule import Expectations


def silent(trace: Trace, rule: str, **expectations: Any) -> None:  # noqa: ANN401 - fields of Expectations, by name
    """The rule had its opportunity and found nothing."""
    result = judge(trace.observations, expectations=Expectations(**expectations))[rule]
    assert result.verdict is Verdict.PASSED, result


def test_a_client_for_each_app_instance_is_no_breach() -> None:
    trace = Trace()
    for number in range(3):
        viewer = Viewer(f"device-{number}", f"198.18.0.{number + 1}")
        trace.register(f"client-{number}")
        trace.token(f"t{number}")
        trace.profiles(viewer)
        trace.profiles(viewer)

    silent(trace, "registration.credentials-reused")


def test_a_refused_client_may_register_again() -> None:
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


def test_two_instances_may_have_a_client_and_a_token_each() -> None:
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


def test_requests_under_way_at_a_rejection_are_no_resending() -> None:
    refused = error("invalid_access_token_client_application", "application-registration", 401)
    trace = Trace().start()
    old = trace.token_value
    trace.profiles(VIEWER, status=401, answer=refused)
    trace.profiles(OTHER, status=401, answer=refused)
    trace.token("t2")
    trace.profiles(VIEWER)
    trace.profiles(Viewer("device-3", "198.18.0.3"), headers={"authorization": f"Bearer {old}"}, status=401)

    silent(trace, "registration.unauthorized-renews-first")


def test_a_token_refused_for_one_service_provider_stays_good_for_others() -> None:
    refused = error("invalid_access_token_service_provider", "application-registration", 401)
    trace = Trace().start()
    trace.profiles(VIEWER, status=401, answer=refused)
    trace.wait(5)
    trace.profiles(OTHER)

    assert "registration.unauthorized-renews-first" not in violated(trace.observations)


def test_moving_the_clock_of_the_mock_makes_no_token_or_code_expire() -> None:
    trace = Trace().start()
    trace.session()
    for _ in range(3):
        trace.wait(3.5)
        trace.poll(at=trace.ms() + 7 * 3_600_000)

    assert not {"registration.token-not-used-after-expiry", "authentication.poll-stops-on-expiry"} & set(
        violated(trace.observations)
    )


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


def test_a_hashed_identity_and_an_intact_document_pass() -> None:
    document = "<rss><title><![CDATA[a & b]]></title></rss>"
    trace = Trace().start()
    with trace.verb("play", resource=document):
        trace.authorize(document, headers={"ap-temppass-identity": encode("9f86d081884c7d659a2feaa0c55ad015")})

    silent(trace, "authorization.temppass-identity-sent")
    silent(trace, "authorization.mrss-passed-intact")


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


def test_polls_repeated_after_a_renewed_token_are_no_hurry() -> None:
    trace = Trace().start()
    trace.session()
    trace.poll(status=401)
    trace.token("t2")
    trace.poll()
    trace.wait(3.1)
    trace.poll()

    silent(trace, "authentication.poll-interval")


def test_a_second_screen_may_look_its_code_up() -> None:
    trace = Trace().start()
    trace.log_in()
    trace.codes["AAAAAAA"] = Viewer("phone", "203.0.113.9")
    trace.poll(found=True)
    trace.wait(10)
    trace.profiles(OTHER)

    silent(trace, "authentication.poll-stops-on-success")
    silent(trace, "authentication.poll-interval")


def test_an_app_that_starts_again_may_ask_for_its_permits_again() -> None:
    trace = Trace().start()
    trace.ask("start")
    trace.preauthorize("ab")
    trace.wait(5)
    with trace.verb("start"):
        trace.preauthorize("ab")
    trace.wait(5)
    trace.preauthorize("c")

    silent(trace, "preauthorization.permits-cached")


def test_a_viewer_who_plays_what_was_denied_again_is_no_retry() -> None:
    trace = Trace().start()
    for _ in range(3):
        with trace.verb("play", resource="a") as returns:
            trace.authorize("a", action="none")
            returns["allowed"] = False

    silent(trace, "authorization.denial-final")


def test_repetitions_within_one_verb_are_retries_however_slow() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a") as returns:
        for _ in range(3):
            trace.authorize("a", action="none")
            trace.wait(3)
        returns["allowed"] = False

    trace.ask("status")
    assert "authorization.denial-final" in violated(trace.observations)


def test_a_logout_right_after_a_denial_is_the_viewers_if_a_verb_says_so() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="none")
        returns["allowed"] = False
    with trace.verb("logout"):
        trace.logout()

    silent(trace, "logout.never-automatic")


def test_answers_that_the_mock_was_told_to_give_do_not_count_as_throttling() -> None:
    trace = Trace().start()
    for _ in range(30):
        trace.profiles(status=429, behaviours=("b1",))
        trace.wait(1.2)
        trace.profiles()

    silent(trace, "errors.throttled-waits")
    assert "errors.throttle-not-fought" not in violated(trace.observations)


def test_pollers_of_one_address_behind_two_devices_are_two_pollers() -> None:
    household = [Viewer("tv", "198.18.0.1"), Viewer("console", "198.18.0.1")]
    trace = Trace().start()
    for number, viewer in enumerate(household):
        trace.profiles(viewer)
        trace.session(f"CODE{number}", viewer)
    for _ in range(4):
        for number in range(2):
            trace.wait(1.8)
            trace.poll(f"CODE{number}")

    assert violated(trace.observations) == {}


def test_what_a_viewer_repeats_in_a_browser_is_not_the_services_doing() -> None:
    trace = Trace()
    for _ in range(3):
        trace.exchange("browser.activate", "/activate", method="POST", status=400, body="code=WRONG00", answer="page")
        trace.exchange("authenticate", "/api/v2/authenticate/REF30/WRONG00", status=400, answer="page")
        trace.exchange("cors.preflight", "/api/v2/REF30/configuration", method="OPTIONS")

    assert {result.verdict for result in judge(trace.observations).values()} == {Verdict.NOT_EXERCISED}


def test_a_registration_long_after_a_restart_is_not_the_restarts_doing() -> None:
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


def test_ciphertext_that_is_left_out_or_says_what_it_is_passes() -> None:
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


def test_a_flawed_token_that_starts_no_stream_passes() -> None:
    trace = Trace().start()
    for flaw in ("bad_signature", "expired", "wrong_resource"):
        with trace.verb("play", resource="a", arranged={"media_token": flaw}) as returns:
            trace.authorize("a")
            returns |= {"allowed": False, "reason": "The permission could not be verified."}

    silent(trace, "authorization.media-token-verified")


def test_a_visitor_that_is_passed_on_passes_with_and_without_quotes() -> None:
    trace = Trace().start()
    for sent in ("123", '"123"'):
        with trace.verb("start", visitor="123"):
            trace.profiles(headers={"ap-visitor-identifier": sent})

    silent(trace, "headers.visitor-identifier-passed")


def test_both_forms_of_errors_that_are_handled_pass() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="none")
        returns |= {"allowed": False, "reason": "No."}
    assert judge(trace.observations)["errors.top-level-and-item-level"].verdict is Verdict.NOT_EXERCISED

    with trace.verb("play", resource="a", failure="403", status=403):
        trace.authorize("a", status=403, answer=error("too_many_resources"))

    silent(trace, "errors.top-level-and-item-level")


def test_news_that_do_no_harm_pass() -> None:
    trace = Trace().start()
    with trace.verb("start"):
        trace.profiles(answer={"profiles": {}, "newToDate": 1})
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", status=403, answer=error("something_new"))
        returns |= {"allowed": False, "reason": "No."}

    silent(trace, "errors.unknown-tolerated")


def test_a_failure_while_adobe_pass_fails_is_nobodys_intolerance() -> None:
    trace = Trace().start()
    with trace.verb("start", failure="503"):
        trace.profiles(answer={"profiles": {}, "newToDate": 1})
        trace.profiles(status=503)

    assert "errors.unknown-tolerated" not in violated(trace.observations)


def test_an_outage_that_is_answered_in_time_passes() -> None:
    trace = Trace().start()
    with trace.verb("play", resource="a", failure="try later", status=503):
        trace.authorize("a", status=0)
        trace.wait(8)

    silent(trace, "errors.outage-answered")
    silent(trace, "errors.amplification-bounded")


def test_a_rate_that_falls_in_an_outage_passes() -> None:
    trace = Trace().start().outage(3, calls_each_second=5).outage(12, calls_each_second=0.3)

    silent(trace, "errors.circuit-breaker")


def test_an_outage_in_which_demand_ends_says_nothing() -> None:
    trace = Trace().start()
    for _ in range(10):
        trace.ask("start", failure="503")
        trace.outage(0.4, calls_each_second=5)
    trace.outage(8, calls_each_second=5)

    assert judge(trace.observations)["errors.circuit-breaker"].verdict is Verdict.NOT_EXERCISED


def test_retries_that_wait_longer_each_time_pass_in_spite_of_jitter() -> None:
    trace = Trace().start()
    for viewer, delays in ((VIEWER, (0.6, 0.9)), (OTHER, (0.3, 1.1))):
        for delay in (*delays, 1.0):
            trace.profiles(viewer, status=500)
            trace.wait(delay)

    silent(trace, "errors.server-errors-spaced")


def test_a_retry_of_what_was_decided_is_a_breach() -> None:
    trace = Trace().start()
    trace.preauthorize("ab", denied="b", action="retry")
    trace.wait(0.5)
    trace.preauthorize("ab", denied="b", action="retry")

    assert "preauthorization.retry-bounded" in violated(trace.observations)


def test_a_retry_of_the_marked_resources_alone_passes() -> None:
    trace = Trace().start()
    trace.preauthorize("ab", denied="b", action="retry")
    trace.wait(0.5)
    trace.preauthorize("b", denied="b", action="retry")
    trace.wait(1.5)
    trace.preauthorize("b")

    silent(trace, "preauthorization.retry-bounded")


def test_connections_that_follow_the_name_in_time_pass() -> None:
    trace = Trace().start()
    trace.profiles(connection="c1", server="127.0.0.2:8300")
    trace.ask("fail_over", **{"from": "127.0.0.2", "to": "127.0.0.3"})
    trace.wait(25)
    trace.profiles(connection="c2", server="127.0.0.2:8300")
    trace.wait(20)
    trace.profiles(connection="c2", server="127.0.0.2:8300")
    trace.profiles(connection="c3", server="127.0.0.3:8300")

    silent(trace, "environment.dns-at-most-30s")


def test_an_impostor_that_is_refused_passes_and_one_that_nobody_met_says_nothing() -> None:
    trace = Trace().start()
    trace.ask("repoint", returns={"refused": 0, "trusted": 0})
    assert judge(trace.observations)["environment.tls-verified"].verdict is Verdict.NOT_EXERCISED
    trace.ask("repoint", returns={"refused": 2, "trusted": 0})

    silent(trace, "environment.tls-verified")


def test_attributes_that_are_lost_in_a_restart_are_a_breach() -> None:
    trace = Trace().start()
    trace.log_in()
    shown = {"state": "authenticated", "attributes": {"userID": "u", "maxRating": "TV-14"}}
    trace.ask("status", returns=shown)
    trace.ask("restart")
    trace.ask("status", returns=shown)
    silent(trace, "authentication.profile-remembered")

    trace.ask("status", returns={"state": "authenticated", "attributes": {"userID": "u"}})

    found = violated(trace.observations)["authentication.profile-remembered"].findings[0].evidence
    assert found.observed == "maxRating not there any more"
