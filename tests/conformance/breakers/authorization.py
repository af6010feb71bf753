"""The shortest violating traces for the rules of authorization."""

from __future__ import annotations

from conformance_traces import Trace, error

from breakers.registered import breaks
from tests.conformance.trace_viewers import encode


@breaks("authorization.every-playback-authorized", "no-authorize-call")
def plays_without_asking(trace: Trace) -> None:
    trace.ask("play", resource="a", returns={"allowed": True})


@breaks("authorization.every-playback-authorized", "played-after-denial")
def plays_what_was_denied(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="none")
        returns["allowed"] = True


@breaks("authorization.every-playback-authorized", "played-after-failure")
def plays_without_a_decision(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", status=503)
        returns["allowed"] = True


@breaks("authorization.every-playback-authorized", "token-of-another-decision")
def hands_an_earlier_token_out(trace: Trace) -> None:
    earlier = trace.authorize("a", media="m1")
    trace.wait(1)
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", media="m2")
        returns |= {"allowed": True, "media_token": _token(earlier.response_body)}


@breaks("authorization.every-playback-authorized", "other-resource-authorized")
def authorizes_another_resource(trace: Trace) -> None:
    with trace.verb("preauthorize", resources=["a", "b"]):
        trace.preauthorize("ab")
    with trace.verb("play", resource="b") as returns:
        trace.authorize("a")
        returns["allowed"] = True


@breaks("authorization.media-token-used-once", "handed-out-twice")
def hands_a_token_out_twice(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        made = trace.authorize("a")
        returns |= {"allowed": True, "media_token": _token(made.response_body)}
    trace.ask("play", resource="a", returns=returns)


@breaks("authorization.media-token-used-once", "handed-out-expired")
def hands_an_expired_token_out(trace: Trace) -> None:
    made = trace.authorize("a", token_life=10)
    trace.wait(20)
    trace.ask("play", resource="a", returns={"allowed": True, "media_token": _token(made.response_body)})


@breaks("authorization.no-refresh-during-playback", "authorized-while-playing")
def refreshes_the_token(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", token_life=10)
        returns["allowed"] = True
    trace.wait(11)
    trace.authorize("a")
    trace.ask("stop")


@breaks("authorization.single-resource", "too-many-resources")
def authorizes_two(trace: Trace) -> None:
    refusal = error("too_many_resources", "configuration")
    trace.authorize("a", body='{"resources": ["a", "b"]}', status=403, answer=refusal)


@breaks("authorization.retry-bounded", "too-many-tries")
def retries_authorization_endlessly(trace: Trace) -> None:
    with trace.verb("play", resource="a"):
        for _ in range(5):
            trace.authorize(action="retry")
            trace.wait(0.5)


@breaks("authorization.retry-bounded", "decided-asked-again")
def retries_what_was_permitted(trace: Trace) -> None:
    failed = {"resource": "a", "authorized": False, "error": error("network_connection_timeout", "retry")}
    with trace.verb("play", resource="a"):
        for _ in range(2):
            trace.authorize(
                body='{"resources": ["a", "b"]}',
                answer={"decisions": [failed, {"resource": "b", "authorized": True}]},
            )
            trace.wait(0.5)


@breaks("authorization.denial-final", "asked-again")
def asks_again_after_a_denial(trace: Trace) -> None:
    for _ in range(4):
        trace.authorize(action="none")


@breaks("authorization.denial-explained", "no-reason")
def gives_no_reason(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="none")
        returns |= {"allowed": False, "reason": None}


@breaks("authorization.denial-explained", "same-text-for-all")
def explains_all_denials_alike(trace: Trace) -> None:
    for code in ("authorization_denied_by_mvpd", "authorization_denied_by_degradation_rule"):
        with trace.verb("play", resource="a") as returns:
            denied = {"resource": "a", "authorized": False, "error": error(code, message=f"Because of {code}.")}
            trace.authorize("a", answer={"decisions": [denied]})
            returns |= {"allowed": False, "reason": "Not now."}


@breaks("authorization.unauthenticated-means-login", "app-not-informed")
def does_not_offer_a_login(trace: Trace) -> None:
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="authentication")
        returns |= {"allowed": False, "login_required": False}


@breaks("authorization.unauthenticated-means-login", "logged-out")
def logs_out_where_a_login_is_needed(trace: Trace) -> None:
    with trace.verb("play", resource="a"):
        trace.authorize("a", action="authentication")
        trace.logout()


@breaks("authorization.unauthenticated-means-login", "asked-again")
def asks_again_where_a_login_is_needed(trace: Trace) -> None:
    with trace.verb("play", resource="a"):
        trace.authorize("a", action="authentication")
        trace.authorize("a", action="authentication")


@breaks("authorization.mrss-passed-intact", "document-altered")
def escapes_the_document(trace: Trace) -> None:
    with trace.verb("play", resource="<rss><title>a &amp; b</title></rss>"):
        trace.authorize("&lt;rss&gt;")


@breaks("authorization.mrss-passed-intact", "no-resource")
def loses_the_document(trace: Trace) -> None:
    with trace.verb("play", resource="<rss><title>a</title></rss>"):
        trace.authorize(body='{"resources": []}')


@breaks("authorization.media-token-verified", "flawed-token-played")
def plays_on_a_forged_token(trace: Trace) -> None:
    with trace.verb("play", resource="a", arranged={"media_token": "bad_signature", "behaviour": "b1"}) as returns:
        trace.authorize("a", behaviours=("b1",))
        returns["allowed"] = True


@breaks("authorization.documented-path", "singular-path")
def writes_decision(trace: Trace) -> None:
    trace.authorize(path="decision/authorize/Cablevision")


@breaks("authorization.temppass-identity-sent", "plain-e-mail-address")
def sends_a_plain_address(trace: Trace) -> None:
    trace.authorize(headers={"ap-temppass-identity": encode('{"email": "viewer@example.com"}')})


@breaks("authorization.temppass-identity-sent", "not-sent")
def sends_no_identity(trace: Trace) -> None:
    trace.authorize(status=400, answer=error("invalid_header_identity_for_temporary_access", status=400))


@breaks("authorization.temppass-identity-sent", "not-base64")
def sends_an_identity_in_clear(trace: Trace) -> None:
    trace.authorize(headers={"ap-temppass-identity": "viewer@example.com"})


@breaks("authorization.temppass-identity-sent", "refused")
def sends_an_identity_that_is_refused(trace: Trace) -> None:
    refusal = error("invalid_header_identity_for_temporary_access", status=400)
    trace.authorize(headers={"ap-temppass-identity": encode("0a1b2c")}, status=400, answer=refusal)


def _token(body: str) -> str:
    return body.partition('"serializedToken": "')[2].partition('"')[0]


@breaks("authorization.own-provider", "provider-without-profile")
def asks_for_decisions_of_another_provider(trace: Trace) -> None:
    trace.log_in()
    trace.authorize(action="authentication", mvpd="Dish")
