"""Compliant traces near the border of the rules of decisions and playback, once false positives.

`test_compliant_traces` covers the other compliant traces.
"""

from __future__ import annotations

import pytest
from conformance_traces import Trace, error
from trace_verdicts import silent, violated

from tests.conformance.trace_viewers import encode


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
        with trace.verb("play", resource="a", arranged={"media_token": flaw, "behaviour": "b1"}) as returns:
            trace.authorize("a", behaviours=("b1",))
            returns |= {"allowed": False, "reason": "The permission could not be verified."}

    silent(trace, "authorization.media-token-verified")


def test_a_retry_of_decided_resources_is_a_violation() -> None:
    trace = Trace().start()
    with trace.verb("preauthorize", resources=["a", "b"]):
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


def playing(*authorized_after_s: float, life: float = 420.0, until_s: float = 600.0) -> Trace:
    """Return a trace with a playback in which the service authorizes again in the background."""
    trace = Trace().start()
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", token_life=life)
        returns["allowed"] = True
    began = trace.now
    for number, after_s in enumerate(authorized_after_s):
        trace.now = began + after_s
        trace.authorize("a", media=f"m{number + 2}", token_life=life)
    trace.now = began + until_s
    trace.ask("stop")
    return trace


@pytest.mark.parametrize("after_s", [60.0, 300.0, 500.0])
def test_an_authorization_at_a_commercial_break_passes(after_s: float) -> None:
    silent(playing(after_s), "authorization.no-refresh-during-playback")


@pytest.mark.parametrize("after_s", [[385.0], [419.0], [423.0], [200.0, 400.0]])
def test_an_authorization_that_replaces_the_media_token_is_a_violation(after_s: list[float]) -> None:
    assert "authorization.no-refresh-during-playback" in violated(playing(*after_s).observations)


@pytest.mark.parametrize(
    ("after_s", "broken"),
    [
        ([100.0, 250.0], False),
        ([70.0, 300.0, 560.0], False),
        ([60.0, 120.0, 180.0], True),  # a timer
        ([250.0, 665.0], True),  # the token of the first break expires
        ([100.0, 250.0, 665.0], False),  # most breaks have nothing to do with the expiry
    ],
)
def test_a_live_stream_may_be_authorized_at_each_commercial_break(after_s: list[float], broken: bool) -> None:
    rule = "authorization.no-refresh-during-playback"
    assert (rule in violated(playing(*after_s, until_s=700.0).observations)) is broken


def test_an_app_that_asks_to_play_again_without_a_stop_passes() -> None:
    trace = Trace().start()
    for number in range(3):
        with trace.verb("play", resource="a") as returns:
            trace.authorize("a", media=f"m{number}", token_life=3)
            returns["allowed"] = True
        trace.wait(3)
    trace.wait(3)
    trace.ask("stop")

    silent(trace, "authorization.no-refresh-during-playback")


def preauthorized(trace: Trace, *, asks: bool = False, permitted: str = "a") -> Trace:
    """Open the catalogue; with ``asks``, the service requests decisions."""
    with trace.verb("preauthorize", resources=["a", "b"]) as returns:
        if asks:
            trace.preauthorize("ab", denied=set("ab") - set(permitted))
        returns |= {"permitted": list(permitted), "denied": []}
    return trace


def ended(how: str) -> Trace:
    """Return a trace in which a profile with permits has ended."""
    trace = Trace().start()
    trace.log_in(life=60 if how == "expiry" else 86400)
    preauthorized(trace, asks=True, permitted="ab")
    if how == "logout":
        with trace.verb("logout"):
            trace.logout()
    elif how == "expiry":
        trace.wait(63)
    elif how == "report":
        trace.authorize("a", action="authentication")
    return trace


@pytest.mark.parametrize("how", ["logout", "expiry", "report"])
def test_permits_of_an_ended_profile_are_requested_again(how: str) -> None:
    rule = "preauthorization.permits-end-with-profile"
    silent(preauthorized(ended(how), permitted=""), rule)
    silent(preauthorized(ended(how), asks=True), rule)
    assert rule in violated(preauthorized(ended(how)).observations)
    assert rule in violated(preauthorized(preauthorized(ended(how), asks=True), permitted="ab").observations)


def test_permits_of_a_profile_that_lives_may_be_shown() -> None:
    trace = ended("")
    with trace.verb("logout"):
        trace.logout(mvpd="Spectrum")  # the permits are Cablevision's
    preauthorized(trace)
    trace.ask("start")
    preauthorized(trace)

    assert "preauthorization.permits-end-with-profile" not in violated(trace.observations)


def test_a_permit_of_another_provider_outlives_a_logout() -> None:
    trace = ended("")
    trace.preauthorize("a", mvpd="Spectrum")
    with trace.verb("logout"):
        trace.logout()
    preauthorized(trace)

    assert "preauthorization.permits-end-with-profile" not in violated(trace.observations)


def test_more_resources_than_usual_that_adobe_pass_decides_are_within_the_agreed_limit() -> None:
    trace = Trace().start()
    trace.preauthorize("abcdefgh")
    silent(trace, "preauthorization.batch-limit")

    trace.preauthorize("abcdefgh", status=403, answer=error("too_many_resources", "configuration"))
    assert violated(trace.observations)["preauthorization.batch-limit"].broken == 1


@pytest.mark.parametrize("behaviours", [(), ("b2",)])
def test_a_flaw_of_another_devices_token_accuses_no_playback(behaviours: tuple[str, ...]) -> None:
    """A service with wrong addresses gets the behaviour of one device for the request of another."""
    trace = Trace().start()
    with trace.verb("play", resource="a", arranged={"media_token": "expired", "behaviour": "b1"}) as returns:
        trace.authorize("a", behaviours=behaviours)
        returns["allowed"] = True

    assert "authorization.media-token-verified" not in violated(trace.observations)


def test_a_profile_that_ends_during_a_preauthorization_leaves_its_decisions() -> None:
    trace = Trace().start()
    trace.log_in(life=60)
    trace.wait(59)
    with trace.verb("preauthorize", resources=["a", "b"]) as returns:
        trace.preauthorize(["a"])
        trace.wait(5).preauthorize(["b"], denied=["b"])
        returns |= {"permitted": ["a"], "denied": ["b"]}

    assert "preauthorization.permits-end-with-profile" not in violated(trace.observations)
