"""A poller that keeps its interval by its own clock is not blamed for stalls of the mock, whenever they come."""

from __future__ import annotations

import random

import msgspec
from compliant_service import Stalls
from conformance_traces import Trace
from hypothesis import given
from hypothesis import strategies as st
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.mock_server.exchange import Exchange

STALLS = st.lists(st.tuples(st.floats(0, 60), st.floats(0.3, 3.0)), max_size=20)


def polled(seed: int, *, polls: int, interval_s: float, stalls: Stalls, login: int) -> Trace:
    """Return polls that are sent at equal intervals, and read by the mock when it runs.

    The login comes before the poll number ``login``; the poller sends one more while the response to that one waits.
    """
    chance, trace = random.Random(seed), Trace(now=100.0).start()
    trace.profiles()
    trace.session(life=1800.0)
    first_s, answered_s = trace.now + 0.5, float("inf")
    for number in range(polls):
        sent_s = first_s + number * interval_s + chance.uniform(0, 0.2)
        if sent_s > answered_s:
            break
        trace.now = max(sent_s + stalls.left_s(sent_s), trace.now)
        trace.lag_ms = stalls.longest_s(sent_s, trace.now) * 1000
        trace.poll(found=number >= login)
        if number >= login:
            answered_s = min(answered_s, trace.now + stalls.left_s(trace.now))
    return trace


@given(st.integers(), st.floats(3.0, 5.0), st.integers(3, 12), STALLS, st.integers(2, 12))
def test_a_correct_poller_is_never_violated(
    seed: int, interval_s: float, polls: int, stalls: list[tuple[float, float]], login: int
) -> None:
    trace = polled(seed, polls=polls, interval_s=interval_s, stalls=Stalls(100.0, stalls), login=login)

    assert {rule for rule, result in judge(trace.observations).items() if result.verdict is Verdict.VIOLATED} == set()


def test_a_poller_is_judged_by_the_polls_between_the_stalls() -> None:
    """Without the lags, this trace breaks the rule: every second poll waits for the end of a stall."""
    stalls = Stalls(100.0, [(6.4 * number + 0.5, 3.0) for number in range(8)])
    trace = polled(1, polls=12, interval_s=3.2, stalls=stalls, login=12)
    without = [msgspec.structs.replace(seen, lag_ms=0.0) for seen in trace.observations if isinstance(seen, Exchange)]

    assert judge(without)["authentication.poll-interval"].verdict is Verdict.VIOLATED
    result = judge(trace.observations)["authentication.poll-interval"]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.unclear > 2
