"""Limits of rules in figures that the violating traces do not reach: budgets of calls, and outages."""

from __future__ import annotations

import math

import pytest
from conformance_traces import Trace
from hypothesis import given
from hypothesis import strategies as st
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import RuleResult, Verdict
from pass_harness.conformance.outcomes import Expectations
from tests.conformance.trace_viewers import Viewer

AMPLIFICATION = "errors.amplification-bounded"
BREAKER = "errors.circuit-breaker"


def called(verb: str, calls: int, limit: int = 5, **arguments: object) -> Verdict:
    """Return the verdict on a verb that causes this number of calls, all alike and at once."""
    trace = Trace().start()
    with trace.verb(verb, **arguments):  # type: ignore[arg-type]
        for _ in range(calls):
            trace.profiles()
    return judge(trace.observations, expectations=Expectations(preauthorize_limit=limit))[AMPLIFICATION].verdict


@pytest.mark.parametrize(
    ("verb", "budget"),
    [
        *(("start", 8), ("enter_code", 8), ("play", 8), ("logout", 8), ("login", 16)),
        *(("providers", 4), ("arrived", 4), ("status", 4), ("other", 4)),
    ],
)
def test_the_budget_of_a_verb_is_four_tries_of_the_calls_that_it_needs(verb: str, budget: int) -> None:
    assert called(verb, budget) is Verdict.PASSED
    assert called(verb, budget + 1) is Verdict.VIOLATED


@given(resources=st.integers(1, 14), limit=st.integers(1, 12))
def test_the_budget_of_a_preauthorization_is_that_of_its_batches_and_of_one_more_call(
    resources: int, limit: int
) -> None:
    budget = 4 * (math.ceil(resources / limit) + 1)
    names = [f"r{number}" for number in range(resources)]

    assert called("preauthorize", budget, limit, resources=names) is Verdict.PASSED
    assert called("preauthorize", budget + 1, limit, resources=names) is Verdict.VIOLATED


def test_a_preauthorization_without_a_list_of_resources_has_one_batch() -> None:
    assert called("preauthorize", 8, resources="abcdefgh") is Verdict.PASSED
    assert called("preauthorize", 9, resources="abcdefgh") is Verdict.VIOLATED


def outage(
    first: int, last: int, *, devices: int = 1, seconds: float = 12.0, asked: int = 0, verb: str = "play"
) -> RuleResult:
    """Judge an outage with these numbers of calls in its first and last third, and of verbs in its last.

    A verb ends it or, without verbs, a call. Neither is in a third.
    """
    trace = Trace().start()
    begin = trace.now = 128.0
    for third, calls in ((0.0, first), (seconds * 0.7, last)):
        for number in range(calls):
            trace.now = begin + third + seconds * 0.2 * number / calls
            trace.profiles(_home(number % devices), status=503)
    for number in range(asked):
        trace.now = begin + seconds * (0.7 + 0.2 * number / asked)
        trace.ask(verb, failure="503")
    trace.now = begin + seconds
    if asked:
        trace.ask(verb, failure="503")
    else:
        trace.profiles(_home(devices - 1), status=503)
    return judge(trace.observations)[BREAKER]


@pytest.mark.parametrize(("begins_before", "verdict"), [(True, Verdict.INCONCLUSIVE), (False, Verdict.VIOLATED)])
def test_the_rate_may_have_fallen_before_a_record_that_begins_in_an_outage(
    verdict: Verdict, *, begins_before: bool
) -> None:
    trace = Trace(token_value="sha256:of before")
    if not begins_before:
        trace.profiles()
    trace.outage(12, calls_each_second=5)
    assert judge(trace.observations)[BREAKER].verdict is verdict


def _home(number: int) -> Viewer:
    return Viewer(f"device-{number}", f"198.18.0.{number + 1}")


@pytest.mark.parametrize(
    ("first", "last", "devices", "verdict"),
    [
        (8, 9, 1, Verdict.VIOLATED),
        (8, 8, 1, Verdict.NOT_EXERCISED),
        (8, 9, 3, Verdict.VIOLATED),
        (8, 12, 4, Verdict.VIOLATED),
        (8, 11, 4, Verdict.NOT_EXERCISED),
        (7, 12, 1, Verdict.NOT_EXERCISED),
        (20, 11, 1, Verdict.VIOLATED),
        (20, 10, 1, Verdict.PASSED),
        (8, 4, 1, Verdict.PASSED),
        (8, 5, 1, Verdict.NOT_EXERCISED),
    ],
)
def test_without_verbs_each_device_must_keep_calling_in_an_outage(
    first: int, last: int, devices: int, verdict: Verdict
) -> None:
    assert outage(first, last, devices=devices).verdict is verdict


@pytest.mark.parametrize(
    ("first", "last", "asked", "verdict"),
    [
        (2, 2, 3, Verdict.VIOLATED),
        (2, 1, 3, Verdict.PASSED),
        (2, 2, 2, Verdict.NOT_EXERCISED),
        (8, 5, 3, Verdict.VIOLATED),
        (8, 4, 3, Verdict.PASSED),
        (2, 5, 8, Verdict.VIOLATED),
        (2, 4, 8, Verdict.PASSED),
    ],
)
def test_with_verbs_the_calls_of_an_outage_fall_to_half_of_what_viewers_ask(
    first: int, last: int, asked: int, verdict: Verdict
) -> None:
    found = outage(first, last, asked=asked)
    sentence = (
        f"at most half of the {first} calls in the first third of the outage of 12 s, "
        f"or of the {asked} verbs in the last third"
    )

    assert found.verdict is verdict
    assert {finding.evidence.expected for finding in found.findings} == (
        {sentence} if verdict is Verdict.VIOLATED else set()
    )


@pytest.mark.parametrize("verb", ["login", "play", "preauthorize", "logout", "start", "status", "providers"])
def test_verbs_that_need_adobe_pass_are_the_demand_of_an_outage(verb: str) -> None:
    needs = verb in {"login", "play", "preauthorize", "logout"}

    assert outage(2, 2, asked=3, verb=verb).verdict is (Verdict.VIOLATED if needs else Verdict.NOT_EXERCISED)


@pytest.mark.parametrize("asked", [0, 3])
def test_an_outage_of_six_seconds_lasts(asked: int) -> None:
    assert outage(8, 9, seconds=6.0, asked=asked).verdict is Verdict.VIOLATED
    assert outage(8, 9, seconds=5.9, asked=asked).verdict is Verdict.NOT_EXERCISED


@pytest.mark.parametrize(("status", "verdict"), [(429, Verdict.VIOLATED), (200, Verdict.NOT_EXERCISED)])
def test_a_throttled_call_does_not_end_an_outage_and_a_successful_one_does(status: int, verdict: Verdict) -> None:
    trace = Trace().start().outage(5, calls_each_second=4)
    trace.profiles(status=status)
    trace.outage(5, calls_each_second=4)

    assert judge(trace.observations)[BREAKER].verdict is verdict
