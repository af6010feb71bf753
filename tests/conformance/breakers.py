"""For each rule the shortest trace that breaks it: the proof that the rule bites."""

from __future__ import annotations

from collections.abc import Callable

from conformance_traces import OTHER, VIEWER, Trace, Viewer, encode, error

BREAKERS: dict[str, Callable[[], Trace]] = {}


def breaks(rule: str) -> Callable[[Callable[[Trace], None]], Callable[[Trace], None]]:
    def register(play: Callable[[Trace], None]) -> Callable[[Trace], None]:
        def trace() -> Trace:
            made = Trace().start()
            play(made)
            return made

        assert rule not in BREAKERS
        BREAKERS[rule] = trace
        return play

    return register


# Registration


@breaks("registration.credentials-reused")
def registers_for_every_device(trace: Trace) -> None:
    trace.profiles(VIEWER)
    trace.profiles(OTHER)
    trace.register("client-2")


@breaks("registration.credentials-survive-restart")
def registers_after_a_restart(trace: Trace) -> None:
    trace.profiles()
    trace.ask("restart")
    trace.register("client-2")
    trace.token("t2")
    trace.profiles()


@breaks("registration.token-reused")
def asks_for_a_token_per_call(trace: Trace) -> None:
    trace.profiles()
    trace.token("t2")


@breaks("registration.token-renewed-with-same-credentials")
def registers_when_the_token_expires(trace: Trace) -> None:
    trace.token("t0", life=10)
    trace.profiles()
    trace.wait(11)
    trace.register("client-2")
    trace.token("t2")
    trace.profiles()


@breaks("registration.token-not-used-after-expiry")
def sends_an_expired_token(trace: Trace) -> None:
    trace.token("t0", life=10)
    trace.wait(13)
    trace.profiles(status=401, answer=error("invalid_access_token_client_application", status=401))


@breaks("registration.token-renewed-proactively")
def learns_of_the_expiry_by_a_401(trace: Trace) -> None:
    trace.token("t0", life=10)
    trace.wait(11)
    trace.profiles(status=401, answer=error("invalid_access_token_client_application", status=401))


@breaks("registration.unauthorized-renews-first")
def sends_the_rejected_token_again(trace: Trace) -> None:
    for _ in range(2):
        trace.profiles(status=401, answer=error("invalid_access_token_client_application", status=401))


# Configuration


@breaks("configuration.cached")
def fetches_the_configuration_again(trace: Trace) -> None:
    trace.configuration(VIEWER)
    trace.wait(30)
    trace.configuration(OTHER)


@breaks("configuration.filtered")
def offers_a_temporary_pass(trace: Trace) -> None:
    with trace.verb("providers") as returns:
        trace.configuration(mvpds=["Cablevision", "TempPass"])
        returns["providers"] = ["Cablevision", "TempPass"]


@breaks("configuration.only-for-selection")
def fetches_the_configuration_at_each_start(trace: Trace) -> None:
    trace.log_in()
    with trace.verb("start"):
        trace.configuration()


# Authentication


@breaks("authentication.profiles-checked-first")
def logs_in_without_looking(trace: Trace) -> None:
    trace.session()


@breaks("authentication.known-mvpd-asked-directly")
def asks_for_all_profiles_of_a_known_device(trace: Trace) -> None:
    trace.log_in()
    trace.ask("status", returns={"state": "authenticated"})
    with trace.verb("start"):
        trace.profiles(found=True)


@breaks("authentication.session-is-complete")
def never_resumes(trace: Trace) -> None:
    trace.session(missing=["redirectUrl"])
    trace.authenticate()


@breaks("authentication.code-and-url-returned")
def hands_out_another_code(trace: Trace) -> None:
    with trace.verb("login", screen="secondary") as returns:
        trace.session("AAAAAAA")
        returns["code"] = "BBBBBBB"


@breaks("authentication.no-login-when-authorized")
def logs_in_who_may_go_on(trace: Trace) -> None:
    trace.session(authorize=True)
    trace.wait(2)
    trace.session()


@breaks("authentication.polls-by-code")
def polls_the_list_of_profiles(trace: Trace) -> None:
    trace.session()
    for _ in range(3):
        trace.wait(3.2)
        trace.profiles()


@breaks("authentication.poll-interval")
def polls_every_second(trace: Trace) -> None:
    trace.session()
    for _ in range(5):
        trace.wait(1)
        trace.poll()


@breaks("authentication.poll-is-single")
def polls_twice_out_of_step(trace: Trace) -> None:
    trace.session()
    for _ in range(3):
        trace.wait(1.1)
        trace.poll()
        trace.wait(2.1)
        trace.poll()


@breaks("authentication.poll-starts-promptly")
def polls_late(trace: Trace) -> None:
    with trace.verb("login", screen="secondary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.wait(15)
    trace.poll()


@breaks("authentication.poll-waits-for-redirect")
def polls_while_the_viewer_types(trace: Trace) -> None:
    with trace.verb("login", screen="primary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.wait(3)
    trace.poll()
    trace.wait(3)
    trace.ask("arrived")


@breaks("authentication.poll-stops-on-success")
def polls_after_success(trace: Trace) -> None:
    trace.log_in()
    trace.wait(3)
    trace.poll(found=True)


@breaks("authentication.poll-stops-on-expiry")
def polls_after_expiry(trace: Trace) -> None:
    trace.session(life=8)
    for status in (200, 200, 400, 400, 400):
        trace.wait(3.2)
        trace.poll(status=status)


@breaks("authentication.poll-stops-on-new-code")
def polls_the_old_code(trace: Trace) -> None:
    trace.session("AAAAAAA")
    trace.wait(3)
    trace.poll("AAAAAAA")
    trace.session("BBBBBBB")
    trace.wait(3)
    trace.poll("AAAAAAA", status=400)


@breaks("authentication.profile-remembered")
def asks_adobe_for_the_status(trace: Trace) -> None:
    trace.log_in()
    with trace.verb("status") as returns:
        trace.profiles(mvpd="Cablevision", found=True)
        returns["state"] = "authenticated"


@breaks("authentication.code-validated-on-second-screen")
def trusts_the_typed_code(trace: Trace) -> None:
    trace.session()
    trace.ask("enter_code", code="AAAAAAA", returns={"url": "https://sp.example/api/v2/authenticate/REF30/AAAAAAA"})


@breaks("authentication.profile-expiry-honoured")
def outlives_the_profile(trace: Trace) -> None:
    trace.log_in(life=10)
    trace.wait(20)
    trace.ask("status", returns={"state": "authenticated"})


@breaks("authentication.invalidated-profile-dropped")
def ignores_that_the_profile_is_gone(trace: Trace) -> None:
    trace.log_in()
    trace.authorize(action="authentication")
    trace.ask("status", returns={"state": "authenticated"})


@breaks("authentication.encrypted-metadata-handled")
def shows_the_ciphertext(trace: Trace) -> None:
    trace.profiles(answer={"profiles": trace.profile(attributes={"zip": {"value": "c3Bocw==", "state": "enc"}})})
    trace.ask("status", returns={"state": "authenticated", "attributes": {"zip": "c3Bocw=="}})


@breaks("authentication.several-profiles-handled")
def fails_on_two_profiles(trace: Trace) -> None:
    with trace.verb("start", failure="500"):
        trace.profiles(answer={"profiles": trace.profile(60, "Cablevision", "Spectrum")})


# Preauthorization


@breaks("preauthorization.batch-limit")
def asks_for_six(trace: Trace) -> None:
    trace.preauthorize("abcdef")


@breaks("preauthorization.permits-cached")
def asks_again_for_permits(trace: Trace) -> None:
    trace.preauthorize("ab")
    trace.wait(2)
    trace.preauthorize("bc")


@breaks("preauthorization.never-plays")
def plays_on_a_permit(trace: Trace) -> None:
    trace.preauthorize("ab")
    trace.ask("play", resource="a", returns={"allowed": True})


@breaks("preauthorization.retry-bounded")
def retries_preauthorization_endlessly(trace: Trace) -> None:
    for _ in range(5):
        trace.preauthorize("ab", denied="b", action="retry")
        trace.wait(0.5)


@breaks("preauthorization.decisions-passed-on")
def shows_what_was_denied(trace: Trace) -> None:
    with trace.verb("preauthorize", resources=["a", "b"]) as returns:
        trace.preauthorize("ab", denied="b")
        returns |= {"permitted": ["a", "b"], "denied": []}


# Authorization


@breaks("authorization.every-playback-authorized")
def plays_without_asking(trace: Trace) -> None:
    trace.ask("play", resource="a", returns={"allowed": True})


@breaks("authorization.media-token-used-once")
def hands_a_token_out_twice(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        made = trace.authorize("a")
        returns |= {"allowed": True, "media_token": _token(made.response_body)}
    trace.ask("play", resource="a", returns=returns)


@breaks("authorization.no-refresh-during-playback")
def refreshes_the_token(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", token_life=10)
        returns["allowed"] = True
    trace.wait(11)
    trace.authorize("a")
    trace.ask("stop")


@breaks("authorization.single-resource")
def authorizes_two(trace: Trace) -> None:
    trace.authorize("a", body='{"resources": ["a", "b"]}')


@breaks("authorization.retry-bounded")
def retries_authorization_endlessly(trace: Trace) -> None:
    for _ in range(5):
        trace.authorize(action="retry")
        trace.wait(0.5)


@breaks("authorization.denial-final")
def asks_again_after_a_denial(trace: Trace) -> None:
    for _ in range(4):
        trace.authorize(action="none")


@breaks("authorization.denial-explained")
def gives_no_reason(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="none")
        returns |= {"allowed": False, "reason": None}


@breaks("authorization.unauthenticated-means-login")
def does_not_offer_a_login(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="authentication")
        returns |= {"allowed": False, "login_required": False}


@breaks("authorization.mrss-passed-intact")
def escapes_the_document(trace: Trace) -> None:
    with trace.verb("play", resource="<rss><title>a &amp; b</title></rss>"):
        trace.authorize("&lt;rss&gt;")


@breaks("authorization.media-token-verified")
def plays_on_a_forged_token(trace: Trace) -> None:
    with trace.verb("play", resource="a", arranged={"media_token": "bad_signature"}) as returns:
        trace.authorize("a")
        returns["allowed"] = True


@breaks("authorization.documented-path")
def writes_decision(trace: Trace) -> None:
    trace.authorize(path="decision/authorize/Cablevision")


@breaks("authorization.temppass-identity-sent")
def sends_a_plain_address(trace: Trace) -> None:
    trace.authorize(headers={"ap-temppass-identity": encode('{"email": "viewer@example.com"}')})


# Logout


@breaks("logout.on-request")
def logs_out_locally(trace: Trace) -> None:
    trace.log_in()
    trace.ask("logout")


@breaks("logout.interactive-url-returned")
def keeps_the_address(trace: Trace) -> None:
    with trace.verb("logout"):
        trace.logout()


@breaks("logout.other-actions-handled")
def fails_on_complete(trace: Trace) -> None:
    with trace.verb("logout", failure="500"):
        trace.logout(name="complete", url=None)


@breaks("logout.state-cleared")
def keeps_the_state(trace: Trace) -> None:
    trace.ask("logout")
    trace.ask("status", returns={"state": "authenticated"})


@breaks("logout.never-automatic")
def logs_out_on_a_denial(trace: Trace) -> None:
    trace.authorize(action="none")
    trace.logout()


# Headers


@breaks("headers.authorization")
def sends_no_token(trace: Trace) -> None:
    trace.configuration(headers={"authorization": None})


@breaks("headers.device-identifier")
def sends_the_identifier_in_clear(trace: Trace) -> None:
    trace.profiles(headers={"ap-device-identifier": "fingerprint ba23d141-d715-561c-94f4-e9e4c966b1eb"})


@breaks("headers.device-identifier-stable")
def makes_an_identifier_up(trace: Trace) -> None:
    trace.ask("start")
    trace.profiles(VIEWER)
    trace.profiles(Viewer("made-up", VIEWER.ip))
    trace.ask("status")


@breaks("headers.device-info")
def sends_no_device_info(trace: Trace) -> None:
    trace.profiles(headers={"x-device-info": None})


@breaks("headers.device-info-complete")
def leaves_the_port_out(trace: Trace) -> None:
    trace.profiles(headers={"x-device-info": encode('{"model": "TV", "osName": "tvOS"}')})


@breaks("headers.device-info-truthful")
def describes_the_server(trace: Trace) -> None:
    with trace.verb("start"):
        trace.profiles(headers={"x-device-info": encode('{"primaryHardwareType": "Desktop", "osName": "Linux"}')})


@breaks("headers.forwarded-for")
def sends_its_own_address(trace: Trace) -> None:
    with trace.verb("start"):
        trace.profiles(headers={"x-forwarded-for": "127.0.0.1"}, ip="127.0.0.1")


@breaks("headers.visitor-identifier-passed")
def keeps_the_visitor_to_itself(trace: Trace) -> None:
    with trace.verb("start", visitor="12345678901234567890123456789012345678"):
        trace.profiles()


@breaks("headers.content-type")
def sends_json_to_sessions(trace: Trace) -> None:
    trace.session(headers={"content-type": "application/json"})


@breaks("headers.only-documented")
def sends_a_header_of_v1(trace: Trace) -> None:
    trace.profiles(headers={"ap_z": "1"})


# Errors


@breaks("errors.throttled-waits")
def asks_at_once_after_a_429(trace: Trace) -> None:
    trace.profiles(status=429)
    trace.profiles()


@breaks("errors.throttle-not-fought")
def is_throttled_all_the_time(trace: Trace) -> None:
    for _ in range(10):
        trace.profiles(status=200)
        trace.profiles(status=429)


@breaks("errors.client-errors-not-retried")
def repeats_what_was_refused(trace: Trace) -> None:
    for _ in range(3):
        trace.session(status=400, answer=error("invalid_integration", status=400))


@breaks("errors.server-errors-bounded")
def retries_a_500_endlessly(trace: Trace) -> None:
    for _ in range(5):
        trace.profiles(status=500)
        trace.wait(1)


@breaks("errors.server-errors-spaced")
def retries_at_the_same_pace(trace: Trace) -> None:
    for viewer in (VIEWER, OTHER):
        for _ in range(3):
            trace.profiles(viewer, status=500)
            trace.wait(0.5)


@breaks("errors.unknown-tolerated")
def fails_on_a_new_member(trace: Trace) -> None:
    with trace.verb("start", failure="500"):
        trace.profiles(answer={"profiles": {}, "newToDate": 1})


@breaks("errors.top-level-and-item-level")
def fails_on_a_refusal_of_the_whole_request(trace: Trace) -> None:
    with trace.verb("play", resource="a", failure="502"):
        trace.authorize("a", status=403, answer=error("too_many_resources"))


@breaks("errors.outage-answered")
def lets_the_app_wait(trace: Trace) -> None:
    with trace.verb("play", resource="a", failure="no answer", status=0):
        trace.authorize("a", status=0)
        trace.wait(15)


@breaks("errors.amplification-bounded")
def looks_for_a_cure_everywhere(trace: Trace) -> None:
    with trace.verb("play", resource="a", failure="503"):
        for _ in range(3):
            trace.authorize("a", status=503)
            trace.profiles(status=503)
            trace.configuration(status=503)


@breaks("errors.circuit-breaker")
def goes_on_calling_in_an_outage(trace: Trace) -> None:
    trace.outage(12, calls_each_second=4)


# Environment


@breaks("environment.connections-reused")
def opens_a_connection_per_call(trace: Trace) -> None:
    for number in range(60):
        trace.configuration(connection=f"c{number}")


@breaks("environment.dns-at-most-30s")
def stays_in_the_old_data_centre(trace: Trace) -> None:
    trace.ask("fail_over", **{"from": "127.0.0.2", "to": "127.0.0.3"})
    trace.wait(32)
    trace.profiles(connection="c2", server="127.0.0.2:8300")


@breaks("environment.tls-verified")
def believes_an_impostor(trace: Trace) -> None:
    trace.ask("repoint", returns={"refused": 0, "trusted": 1})


def _token(body: str) -> str:
    return body.partition('"serializedToken": "')[2].partition('"')[0]
