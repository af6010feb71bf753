"""The shortest violating traces for the rules of authentication."""

from __future__ import annotations

from conformance_traces import MVPD, Trace
from sso_traces import REFUSED, carrying, issued, listed

from breakers.registered import breaks
from tests.conformance.trace_viewers import OTHER


@breaks("authentication.profiles-checked-first", "session-came-first")
def logs_in_without_looking(trace: Trace) -> None:
    trace.session()


@breaks("authentication.known-mvpd-asked-directly", "all-profiles-asked")
def asks_for_all_profiles_of_a_known_device(trace: Trace) -> None:
    trace.log_in()
    trace.ask("status", returns={"state": "authenticated"})
    with trace.verb("start"):
        trace.profiles(found=True)


@breaks("authentication.session-is-complete", "login-began-without")
def never_resumes(trace: Trace) -> None:
    trace.session(missing=["redirectUrl"])
    trace.authenticate()


@breaks("authentication.session-is-complete", "domain-not-a-host-name")
def sends_an_address_as_domain(trace: Trace) -> None:
    trace.session(sent={"mvpd": MVPD, "domainName": "https://adobe.com/", "redirectUrl": "https://adobe.com/"})


@breaks("authentication.session-is-complete", "domain-not-listed")
def sends_an_unknown_domain(trace: Trace) -> None:
    trace.configuration(answer={"requestor": {"domains": [{"name": "adobe.com"}]}})
    trace.session(sent={"mvpd": MVPD, "domainName": "other.example", "redirectUrl": "https://adobe.com/"})


@breaks("authentication.session-is-complete", "redirect-url-not-absolute")
def sends_a_path_as_redirect_url(trace: Trace) -> None:
    trace.session(sent={"mvpd": MVPD, "domainName": "adobe.com", "redirectUrl": "/done"})


@breaks("authentication.code-and-url-returned", "other-code")
def hands_out_another_code(trace: Trace) -> None:
    with trace.verb("login", screen="secondary") as returns:
        trace.session("AAAAAAA")
        returns["code"] = "BBBBBBB"


@breaks("authentication.code-and-url-returned", "other-address")
def hands_out_another_address(trace: Trace) -> None:
    with trace.verb("login", screen="primary") as returns:
        trace.session("AAAAAAA")
        returns["url"] = "https://sp.example/login"


@breaks("authentication.code-and-url-returned", "no-code")
def keeps_the_code_to_itself(trace: Trace) -> None:
    with trace.verb("login", failure="no code", status=200, lacks=("code",), screen="secondary") as returns:
        trace.session("AAAAAAA")
        returns |= {"code": None, "url": None, "state": "pending"}


@breaks("authentication.code-and-url-returned", "no-url")
def keeps_the_url_to_itself(trace: Trace) -> None:
    with trace.verb("login", screen="primary") as returns:
        trace.session("AAAAAAA")
        returns |= {"code": "AAAAAAA", "url": None, "state": "pending"}


@breaks("authentication.no-login-when-authorized", "another-session")
def logs_in_who_may_go_on(trace: Trace) -> None:
    trace.session(authorize=True)
    trace.wait(2)
    trace.session()


@breaks("authentication.polls-by-code", "other-endpoint-polled")
def polls_the_list_of_profiles(trace: Trace) -> None:
    trace.session()
    for _ in range(4):
        trace.wait(3.2)
        trace.profiles()


@breaks("authentication.polls-by-code", "login-assumed")
def takes_the_redirect_for_a_login(trace: Trace) -> None:
    trace.ask("status", returns={"state": "unauthenticated"})
    with trace.verb("login", screen="primary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.ask("arrived")
    trace.ask("status", returns={"state": "authenticated"})


@breaks("authentication.poll-interval", "polled-too-soon")
def polls_every_second(trace: Trace) -> None:
    trace.session()
    for _ in range(5):
        trace.wait(1)
        trace.poll()
    trace.ask("status")


@breaks("authentication.poll-is-single", "interleaved-polls")
def polls_twice_out_of_step(trace: Trace) -> None:
    trace.session()
    for _ in range(3):
        trace.wait(1.1)
        trace.poll()
        trace.wait(2.1)
        trace.poll()


@breaks("authentication.poll-is-single", "overlapping-polls")
def polls_before_the_answer(trace: Trace) -> None:
    with trace.verb("login", screen="secondary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.wait(3)
    trace.poll(duration_ms=1000)
    trace.poll()


@breaks("authentication.poll-starts-promptly", "polled-late")
def polls_late(trace: Trace) -> None:
    with trace.verb("login", screen="secondary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.wait(15)
    trace.poll()


@breaks("authentication.poll-starts-promptly", "never-polled")
def never_polls(trace: Trace) -> None:
    with trace.verb("login", screen="secondary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.wait(15)
    trace.profiles()


@breaks("authentication.poll-waits-for-redirect", "polled-before-redirect")
def polls_while_the_viewer_types(trace: Trace) -> None:
    with trace.verb("login", screen="primary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.wait(3)
    trace.poll()
    trace.wait(3)
    trace.ask("arrived")


@breaks("authentication.poll-waits-for-redirect", "polled-without-redirect")
def polls_though_the_browser_never_comes_back(trace: Trace) -> None:
    with trace.verb("login", screen="primary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.wait(3)
    trace.poll()
    trace.ask("arrived", OTHER)


@breaks("authentication.poll-stops-on-success", "polled-after-success")
def polls_after_success(trace: Trace) -> None:
    trace.log_in()
    for _ in range(2):
        trace.wait(3)
        trace.poll(found=True)


@breaks("authentication.poll-stops-on-success", "profiles-polled")
def watches_the_profile(trace: Trace) -> None:
    for _ in range(6):
        trace.profiles(mvpd=MVPD, found=True)
        trace.wait(10)


@breaks("authentication.poll-stops-on-expiry", "polled-after-expiry")
def polls_after_expiry(trace: Trace) -> None:
    trace.session(life=8)
    for status in (200, 200, 400, 400, 400):
        trace.wait(3.2)
        trace.poll(status=status)


@breaks("authentication.poll-stops-on-new-code", "old-code-polled")
def polls_the_old_code(trace: Trace) -> None:
    trace.session("AAAAAAA")
    trace.wait(3)
    trace.poll("AAAAAAA")
    trace.session("BBBBBBB")
    for _ in range(2):
        trace.wait(3)
        trace.poll("AAAAAAA", status=400)


@breaks("authentication.poll-stops-on-logout", "polled-after-logout")
def polls_after_the_logout(trace: Trace) -> None:
    with trace.verb("login", screen="secondary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.poll()
    trace.ask("logout")
    for _ in range(2):
        trace.wait(3)
        trace.poll()


@breaks("authentication.profile-remembered", "profiles-asked")
def asks_adobe_for_the_status(trace: Trace) -> None:
    trace.log_in()
    with trace.verb("status") as returns:
        trace.profiles(mvpd="Cablevision", found=True)
        returns["state"] = "authenticated"


@breaks("authentication.profile-remembered", "attributes-lost")
def forgets_attributes_in_a_restart(trace: Trace) -> None:
    trace.log_in()
    trace.ask("status", returns={"state": "authenticated", "attributes": {"zip": "12345"}})
    trace.ask("restart")
    trace.ask("status", returns={"state": "authenticated", "attributes": {}})


@breaks("authentication.code-validated-on-second-screen", "not-looked-up")
def trusts_the_typed_code(trace: Trace) -> None:
    trace.session()
    trace.ask("enter_code", code="AAAAAAA", returns={"url": "https://sp.example/api/v2/authenticate/REF30/AAAAAAA"})


@breaks("authentication.code-validated-on-second-screen", "opened-though-not-found")
def opens_the_page_of_an_unknown_code(trace: Trace) -> None:
    with trace.verb("enter_code", code="AAAAAAA") as returns:
        trace.look_up("AAAAAAA", status=404)
        returns["url"] = "https://sp.example/api/v2/authenticate/REF30/AAAAAAA"


@breaks("authentication.code-validated-on-second-screen", "service-failed")
def fails_on_an_unknown_code(trace: Trace) -> None:
    with trace.verb("enter_code", code="AAAAAAA", failure="500"):
        trace.look_up("AAAAAAA", status=404)


@breaks("authentication.code-validated-on-second-screen", "no-error-returned")
def says_nothing_of_an_unknown_code(trace: Trace) -> None:
    with trace.verb("enter_code", code="AAAAAAA") as returns:
        trace.look_up("AAAAAAA", status=404)
        returns["error"] = None


@breaks("authentication.profile-expiry-honoured", "authenticated-after-expiry")
def outlives_the_profile(trace: Trace) -> None:
    trace.log_in(life=10)
    trace.wait(20)
    trace.ask("status", returns={"state": "authenticated"})


@breaks("authentication.invalidated-profile-dropped", "still-authenticated")
def ignores_that_the_profile_is_gone(trace: Trace) -> None:
    trace.log_in()
    trace.authorize(action="authentication")
    trace.ask("status", returns={"state": "authenticated"})


@breaks("authentication.encrypted-metadata-handled", "ciphertext-shown")
def shows_the_ciphertext(trace: Trace) -> None:
    trace.profiles(answer={"profiles": trace.profile(attributes={"zip": {"value": "c3Bocw==", "state": "enc"}})})
    trace.ask("status", returns={"state": "authenticated", "attributes": {"zip": "c3Bocw=="}})


@breaks("authentication.encrypted-metadata-handled", "service-failed")
def fails_on_ciphertext(trace: Trace) -> None:
    trace.profiles(answer={"profiles": trace.profile(attributes={"zip": {"value": "c3Bocw==", "state": "enc"}})})
    trace.ask("status", failure="500")


@breaks("authentication.several-profiles-handled", "service-failed")
def fails_on_two_profiles(trace: Trace) -> None:
    with trace.verb("start", failure="500"):
        trace.profiles(answer={"profiles": trace.profile(60, "Cablevision", "Spectrum")})


DEGRADED = {"actionName": "authorize", "actionType": "direct", "reasonType": "degraded"}
TEMPORARY = {"actionName": "authorize", "actionType": "direct", "reasonType": "temporary"}


@breaks("authentication.degraded-access-used", "login-refused")
def refuses_logins_while_access_is_degraded(trace: Trace) -> None:
    with trace.verb("login", failure="503: try later"):
        trace.session(answer=DEGRADED)


@breaks("authentication.degraded-access-used", "login-demanded")
def demands_a_login_while_access_is_degraded(trace: Trace) -> None:
    with trace.verb("login") as returns:
        trace.session(answer=DEGRADED)
        returns["state"] = "unauthenticated"


@breaks("authentication.degraded-access-used", "permit-refused")
def refuses_what_a_degradation_rule_permits(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        decision = {"resource": "a", "source": "degradation", "authorized": True}
        trace.authorize(answer={"decisions": [decision]})
        returns["allowed"] = False


@breaks("authentication.temppass-needs-no-login", "repeated-sessions")
def begins_a_session_before_each_playback_of_a_trial(trace: Trace) -> None:
    for _ in range(3):
        trace.session(answer=TEMPORARY)
        trace.wait(30).authorize()


@breaks("authentication.temppass-needs-no-login", "logout-before-login")
def logs_the_trial_out_before_a_login(trace: Trace) -> None:
    trace.session(answer=TEMPORARY)
    trace.wait(30).logout()
    trace.session(mvpd="Dish")


@breaks("authentication.service-token-not-used-after-expiry", "sent-after-expiry")
def outlives_a_service_token(trace: Trace) -> None:
    issued(trace, life=60)
    trace.wait(70)
    trace.profiles(headers=carrying("s1"))


@breaks("authentication.refused-service-token-replaced", "sent-again")
def sends_a_refused_service_token(trace: Trace) -> None:
    issued(trace)
    listed(trace, status=401, answer=REFUSED)
    trace.wait(1)
    trace.authorize(headers=carrying("s1"))


@breaks("authentication.link-code-used-once", "used-again")
def joins_again_with_the_code(trace: Trace) -> None:
    issued(trace, headers={"x-sso-link": "sha256:1"})
    trace.wait(3600)
    issued(trace, "s2", headers={"x-sso-link": "sha256:1"})


@breaks("authentication.common-identifier-persistent", "changed")
def invents_an_identifier_for_each_token(trace: Trace) -> None:
    for number in range(3):
        issued(trace, f"s{number}", headers={"x-sso-id": f"sha256:{number}"})
