"""Findings on contents stand whatever the lag; findings on times or on the order of observations do not."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from breakers import BREAKERS, BREAKERS_BY_KIND
from conformance_traces import Trace
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.evaluation.lags import OVERLOAD_STALLS
from pass_harness.conformance.outcomes import Expectations
from pass_harness.mock_server.exchange import Exchange, Stall

CONTENTS = frozenset(
    {
        "authorization.documented-path",
        "authorization.own-provider",
        "authorization.single-resource",
        "authorization.temppass-identity-sent",
        "configuration.filtered",
        "environment.tls-verified",
        "headers.accept",
        "headers.authorization",
        "headers.content-type",
        "headers.device-identifier",
        "headers.device-info",
        "headers.device-info-complete",
        "headers.only-documented",
        "headers.sso-service",
        "preauthorization.batch-limit",
        "preauthorization.no-cdata",
    }
)
"""Rules on contents alone."""
CONTENTS_OF_OTHERS: Mapping[str, frozenset[str]] = {
    "authentication.encrypted-metadata-handled": frozenset({"ciphertext-shown"}),
    "authentication.session-is-complete": frozenset(
        {"domain-not-a-host-name", "domain-not-listed", "redirect-url-not-absolute"}
    ),
    "authorization.media-token-used-once": frozenset({"handed-out-twice"}),
    "headers.device-identifier-stable": frozenset({"of-several-devices"}),
    "headers.forwarded-for": frozenset(
        {"absent", "not-an-address", "no-device", "another-device", "other-than-connection-ip"}
    ),
}
"""Kinds of findings on contents, in rules that have others too."""
HIDING = Expectations(hidden_mvpds=("TempPass*",))
LAG_MS = 1e9
ENDLESS = [Stall(stalled_ms=LAG_MS, at=0, wall=0.0)] * OVERLOAD_STALLS


@pytest.mark.parametrize(("rule", "kind"), BREAKERS_BY_KIND, ids=map("/".join, BREAKERS_BY_KIND))
def test_a_lag_or_an_overload_spares_findings_on_contents_alone(rule: str, kind: str) -> None:
    seen = BREAKERS_BY_KIND[rule, kind]().observations
    lagging = [msgspec.structs.replace(one, lag_ms=LAG_MS) for one in seen]
    stands = rule in CONTENTS or kind in CONTENTS_OF_OTHERS.get(rule, ())

    for judged in (judge(lagging, expectations=HIDING), judge(seen, expectations=HIDING, stalls=ENDLESS)):
        assert (judged[rule].verdict is Verdict.VIOLATED) is stands, judged[rule].verdict


def test_a_request_that_names_no_device_is_its_verbs_by_the_time_alone() -> None:
    trace = Trace()
    with trace.verb("login"):
        trace.register()
        trace.token()
        trace.profiles()
    seen, rule = trace.observations, "headers.forwarded-for"
    lagging = [msgspec.structs.replace(one, lag_ms=400.0) if isinstance(one, Exchange) else one for one in seen]

    assert judge(seen)[rule].verdict is Verdict.VIOLATED
    assert judge(lagging)[rule].verdict is Verdict.INCONCLUSIVE
    assert judge(seen, stalls=ENDLESS)[rule].verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("lag_ms", "took_s", "verdict"),
    [
        (900.0, 14, Verdict.VIOLATED),
        (3_000.0, 14, Verdict.INCONCLUSIVE),
        (3_000.0, 21, Verdict.VIOLATED),
        (3_000.0, 31, Verdict.VIOLATED),
    ],
)
def test_an_answer_in_an_outage_is_late_if_all_lags_do_not_explain_it(
    lag_ms: float, took_s: float, verdict: Verdict
) -> None:
    trace = Trace().start()
    with trace.verb("status"):
        for _ in range(3):
            trace.profiles(status=503, lag_ms=lag_ms)
        trace.wait(took_s)
    assert judge(trace.observations)["errors.outage-answered"].verdict is verdict


@pytest.mark.parametrize(
    "rule",
    ["authentication.profile-expiry-honoured", "configuration.cached", "environment.dns-at-most-30s"],
)
def test_a_finding_that_misses_its_limit_by_more_than_the_lag_stands(rule: str) -> None:
    seen = BREAKERS[rule]().observations
    first = next(one for one in seen if isinstance(one, Exchange))
    starved = [Stall(stalled_ms=400.0, at=0, wall=first.wall)] * 1_000
    lagging = [msgspec.structs.replace(one, lag_ms=400.0) for one in seen]

    assert judge(lagging)[rule].verdict is Verdict.VIOLATED
    assert judge(seen, stalls=starved)[rule].verdict is Verdict.VIOLATED


@pytest.mark.parametrize(("lag_ms", "verdict"), [(900.0, Verdict.PASSED), (1_900.0, Verdict.INCONCLUSIVE)])
def test_an_interval_that_a_lag_cannot_have_made_too_short_is_kept(lag_ms: float, verdict: Verdict) -> None:
    trace = Trace().start()
    trace.session()
    trace.poll()
    trace.wait(4)
    trace.poll(lag_ms=lag_ms)
    trace.profiles(status=429)
    trace.wait(2.5)
    trace.profiles(lag_ms=lag_ms)
    results = judge(trace.observations)
    assert results["authentication.poll-interval"].verdict is verdict
    assert results["errors.throttled-waits"].verdict is verdict
