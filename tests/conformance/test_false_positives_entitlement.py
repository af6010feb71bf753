"""Compliant traces near the border of the rules of decisions and playback, once false positives.

`test_compliant_traces` covers the other compliant traces.
"""

from __future__ import annotations

from conformance_traces import Trace, encode
from trace_verdicts import silent, violated


def test_a_hashed_identity_and_an_intact_document_pass() -> None:
    document = "<rss><title><![CDATA[a & b]]></title></rss>"
    trace = Trace().start()
    with trace.verb("play", resource=document):
        trace.authorize(document, headers={"ap-temppass-identity": encode("9f86d081884c7d659a2feaa0c55ad015")})

    silent(trace, "authorization.temppass-identity-sent")
    silent(trace, "authorization.mrss-passed-intact")


def test_permits_requested_again_after_an_app_start_pass() -> None:
    trace = Trace().start()
    trace.ask("start")
    trace.preauthorize("ab")
    trace.wait(5)
    with trace.verb("start"):
        trace.preauthorize("ab")
    trace.wait(5)
    trace.preauthorize("c")

    silent(trace, "preauthorization.permits-cached")


def test_a_viewer_playing_a_denied_resource_again_passes() -> None:
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


def test_a_flawed_token_without_playback_passes() -> None:
    trace = Trace().start()
    for flaw in ("bad_signature", "expired", "wrong_resource"):
        with trace.verb("play", resource="a", arranged={"media_token": flaw}) as returns:
            trace.authorize("a")
            returns |= {"allowed": False, "reason": "The permission could not be verified."}

    silent(trace, "authorization.media-token-verified")


def test_a_retry_of_decided_resources_is_a_violation() -> None:
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
