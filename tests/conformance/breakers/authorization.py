"""The shortest traces that break the rules of authorization."""

from __future__ import annotations

from conformance_traces import Trace, encode

from breakers.registered import breaks


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


def _token(body: str) -> str:
    return body.partition('"serializedToken": "')[2].partition('"')[0]
