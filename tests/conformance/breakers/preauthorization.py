"""The shortest violating traces for the rules of preauthorization."""

from __future__ import annotations

from conformance_traces import Trace, error

from breakers.registered import breaks


@breaks("preauthorization.batch-limit", "too-many-resources")
def asks_for_six(trace: Trace) -> None:
    trace.preauthorize("abcdef", status=403, answer=error("too_many_resources", "configuration"))


@breaks("preauthorization.permits-cached", "permitted-asked-again")
def asks_again_for_permits(trace: Trace) -> None:
    trace.preauthorize("ab")
    trace.wait(2)
    trace.preauthorize("bc")


@breaks("preauthorization.permits-end-with-profile", "earlier-permit-shown")
def shows_the_permits_of_the_previous_viewer(trace: Trace) -> None:
    trace.log_in()
    trace.preauthorize("a")
    with trace.verb("logout"):
        trace.logout()
    trace.log_in(code="BBBBBBB")
    trace.ask("preauthorize", resources=["a"], returns={"permitted": ["a"], "denied": []})


@breaks("preauthorization.never-plays", "played-without-authorization")
def plays_on_a_permit(trace: Trace) -> None:
    trace.preauthorize("ab")
    trace.ask("play", resource="a", returns={"allowed": True})


@breaks("preauthorization.retry-bounded", "too-many-tries")
def retries_preauthorization_endlessly(trace: Trace) -> None:
    with trace.verb("preauthorize", resources=["a", "b"]):
        for _ in range(5):
            trace.preauthorize("ab", denied="b", action="retry")
            trace.wait(0.5)


@breaks("preauthorization.retry-bounded", "decided-asked-again")
def retries_what_was_decided(trace: Trace) -> None:
    with trace.verb("preauthorize", resources=["a", "b"]):
        for _ in range(2):
            trace.preauthorize("ab", denied="b", action="retry")
            trace.wait(0.5)


@breaks("preauthorization.decisions-passed-on", "denial-given-as-permit")
def shows_what_was_denied(trace: Trace) -> None:
    with trace.verb("preauthorize", resources=["a", "b"]) as returns:
        trace.preauthorize("ab", denied="b")
        returns |= {"permitted": ["a", "b"], "denied": []}


@breaks("preauthorization.decisions-passed-on", "permit-withheld")
def hides_what_was_permitted(trace: Trace) -> None:
    with trace.verb("preauthorize", resources=["a"]) as returns:
        trace.preauthorize("a")
        returns["permitted"] = []


@breaks("preauthorization.decisions-passed-on", "denial-withheld")
def leaves_a_denial_out(trace: Trace) -> None:
    with trace.verb("preauthorize", resources=["a"]) as returns:
        trace.preauthorize("a", denied="a")
        returns |= {"permitted": [], "denied": []}


@breaks("preauthorization.denials-explained", "no-message")
def gives_no_message_with_a_denial(trace: Trace) -> None:
    with trace.verb("preauthorize", resources=["a"]) as returns:
        trace.preauthorize("a", denied="a")
        returns |= {"permitted": [], "denied": ["a"], "messages": {}}


@breaks("preauthorization.denials-explained", "same-text-for-all")
def explains_all_denials_alike(trace: Trace) -> None:
    for code in ("preauthorization_denied_by_mvpd", "authorization_denied_by_parental_controls"):
        with trace.verb("preauthorize", resources=["a"]) as returns:
            denied = {"resource": "a", "authorized": False, "error": error(code, message=f"Because of {code}.")}
            trace.preauthorize("a", answer={"decisions": [denied]})
            returns |= {"permitted": [], "denied": ["a"], "messages": {"a": "Not now."}}


@breaks("preauthorization.no-cdata", "section-sent")
def preauthorizes_an_asset(trace: Trace) -> None:
    trace.preauthorize(["<rss><title><![CDATA[a]]></title></rss>"])
