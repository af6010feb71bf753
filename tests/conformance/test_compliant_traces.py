"""No rule reports a violation by a compliant service, whatever its devices, delays, faults and recording order."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate

from compliant_service import Plan, Taste
from compliant_viewers import night
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from night_opportunities import FILE, FULL_NIGHT, written
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.observation import Observation, moment
from pass_harness.mock_server.exchange import Exchange

NIGHTS = int(os.environ.get("PASS_HARNESS_COMPLIANT_NIGHTS", "50"))
"""Nights per test; a long run takes the number from the environment."""
NOT_IN_A_NIGHT = {
    "configuration.filtered",
    "authentication.degraded-access-used",
    "authentication.encrypted-metadata-handled",
    "authentication.several-profiles-handled",
    "authentication.poll-stops-on-logout",
    "authentication.temppass-needs-no-login",
    "authorization.media-token-verified",
    "headers.single-sign-on",
    "headers.sso-service",
    "headers.service-token-kept-secret",
    "authentication.service-token-not-used-after-expiry",
    "authentication.refused-service-token-replaced",
    "authentication.common-identifier-persistent",
    "authentication.link-code-used-once",
    "headers.visitor-identifier-passed",
    "errors.circuit-breaker",
    "errors.client-errors-not-retried",
    "errors.top-level-and-item-level",
    "errors.unknown-tolerated",
    "environment.dns-at-most-30s",
    "environment.tls-verified",
}
"""Rules that nights do not exercise; separate traces prove that they have no false positives."""
TASTES = st.builds(
    Taste,
    begins=st.floats(0, 30),
    screen=st.sampled_from(["primary", "secondary"]),
    temporary=st.booleans(),
    codes_dropped=st.integers(0, 2),
    codes_expired=st.integers(0, 1),
    resumes=st.booleans(),
    profile_life=st.sampled_from([60.0, 86_400.0]),
    loses_login=st.booleans(),
    playbacks=st.integers(0, 4),
    document=st.booleans(),
    returns=st.integers(0, 2),
    logout=st.sampled_from(["logout", "complete", "invalid", "partner_logout", ""]),
)
PLANS = st.builds(
    Plan,
    seed=st.integers(0, 2**32),
    viewers=st.lists(TASTES, min_size=1, max_size=6).map(tuple),
    slowness=st.sampled_from([0.01, 0.1, 0.5]),
    busy=st.sampled_from([0.0, 0.4]),
    trouble=st.sampled_from([0.0, 0.05, 0.2]),
    token_life=st.sampled_from([120.0, 21_600.0]),
    revocations=st.integers(0, 2),
    restarts=st.integers(0, 1),
    clock_steps=st.integers(0, 2),
)


def after_each_other(times: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return stalls as `Plan.stalls` has them, from the seconds before each one and its duration."""
    ends_s = accumulate(before_s + lasts_s for before_s, lasts_s in times)
    return tuple((end_s - lasts_s, lasts_s) for end_s, (_, lasts_s) in zip(ends_s, times, strict=True))


STALLS = st.lists(st.tuples(st.floats(0.01, 8), st.floats(0.3, 3.0)), min_size=10, max_size=40).map(after_each_other)
nights = settings(max_examples=NIGHTS, suppress_health_check=[HealthCheck.too_slow])


@nights
@given(PLANS)
def test_a_compliant_service_is_never_flagged(plan: Plan) -> None:
    assert flagged(night(plan)) == {}


@nights
@given(PLANS, st.sets(st.integers(1, 5)))
def test_an_undriven_service_with_shared_household_addresses_is_never_flagged(plan: Plan, shared: set[int]) -> None:
    viewers = tuple(replace(taste, shares_address=nth in shared) for nth, taste in enumerate(plan.viewers))
    # Without a driver there are no restart verbs, after which the cache of the configuration is empty.
    observed = night(replace(plan, viewers=viewers, restarts=0))
    assert flagged(seen for seen in observed if isinstance(seen, Exchange)) == {}


@nights
@given(PLANS, st.sampled_from([0.2, 0.3, 1.0]))
def test_a_lagging_mock_reports_no_violation(plan: Plan, lag: float) -> None:
    assert flagged(night(replace(plan, lag=lag)), Verdict.VIOLATED) == {}


@nights
@given(PLANS, STALLS)
def test_a_stalling_mock_reports_no_violation(plan: Plan, stalls: tuple[tuple[float, float], ...]) -> None:
    assert flagged(night(replace(plan, stalls=stalls, fixed_rate=True)), Verdict.VIOLATED) == {}


@nights
@given(PLANS, STALLS)
def test_a_stalling_mock_without_a_driver_reports_no_violation(
    plan: Plan, stalls: tuple[tuple[float, float], ...]
) -> None:
    observed = night(replace(plan, stalls=stalls, fixed_rate=True, restarts=0))
    assert flagged((seen for seen in observed if isinstance(seen, Exchange)), Verdict.VIOLATED) == {}


@nights
@given(PLANS, st.floats(1.0, 4.0))
def test_delayed_requests_do_not_count_as_resent_tokens(plan: Plan, busy: float) -> None:
    found = flagged(night(replace(plan, busy=busy, revocations=2)), Verdict.VIOLATED)
    assert "registration.unauthorized-renews-first" not in found


@nights
@given(PLANS, st.randoms(use_true_random=False))
def test_the_recording_order_of_exchanges_does_not_matter(plan: Plan, chance: random.Random) -> None:
    observed = night(plan)
    moments: dict[float, list[Observation]] = {}  # exchanges at the same moment have no order but this
    for seen in observed:
        moments.setdefault(moment(seen), []).append(seen)
    shuffled = list(moments.values())
    chance.shuffle(shuffled)
    assert verdicts(seen for together in shuffled for seen in together) == verdicts(observed)


def test_the_nights_exercise_the_rules() -> None:
    results = judge(night(FULL_NIGHT))

    assert {rule for rule, result in results.items() if result.verdict is Verdict.NOT_EXERCISED} == NOT_IN_A_NIGHT


def test_the_opportunities_in_a_night_are_those_recorded() -> None:
    assert written() == FILE.read_text("utf-8"), "run: python tests/conformance/write_findings.py"


def verdicts(observed: Iterable[Observation]) -> dict[str, tuple[Verdict, int]]:
    return {rule: (result.verdict, result.broken) for rule, result in judge(observed).items()}


def flagged(observed: Iterable[Observation], *verdicts: Verdict) -> dict[str, object]:
    """Return the rules that found something or were inconclusive."""
    unwanted = verdicts or (Verdict.VIOLATED, Verdict.INCONCLUSIVE)
    return {
        rule: result.findings[0].evidence if result.findings else result.reasons
        for rule, result in judge(observed).items()
        if result.verdict in unwanted
    }
