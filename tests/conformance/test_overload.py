"""A mock that stalls again and again shows an overloaded machine: findings on times need more than its stalls."""

from __future__ import annotations

import pytest
from conformance_traces import Trace
from test_timing_margins import first_polled_after
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.evaluation.lags import OVERLOAD_STALLS, overload_ms
from pass_harness.conformance.outcomes import Expectations
from pass_harness.mock_server.exchange import Stall

STARVED = Expectations(overload_ms=1_500.0)


@pytest.mark.parametrize(
    ("stalls_ms", "expected_ms"),
    [
        ([400.0] * (OVERLOAD_STALLS - 1) + [1_500.0], 1_500.0),
        ([3_000.0, 3_000.0], 0.0),
        ([260.0] * (OVERLOAD_STALLS - 1), 0.0),
        ([100.0] * OVERLOAD_STALLS, 0.0),
    ],
    ids=["overloaded", "suspended twice", "too few", "too short in all"],
)
def test_many_stalls_that_last_show_an_overload(stalls_ms: list[float], expected_ms: float) -> None:
    stalls = [Stall(stalled_ms=ms, at=0, wall=float(number)) for number, ms in enumerate(stalls_ms)]
    assert overload_ms(stalls, seconds=100) == expected_ms


@pytest.mark.parametrize(("pause", "verdict"), [(11.0, Verdict.INCONCLUSIVE), (13.0, Verdict.VIOLATED)])
def test_a_time_is_judged_if_it_misses_the_limit_by_more_than_the_stalls(pause: float, verdict: Verdict) -> None:
    result = judge(first_polled_after(pause).observations, expectations=STARVED)[
        "authentication.poll-starts-promptly"
    ]
    assert result.verdict is verdict
    assert ("overloaded" in " ".join(result.reasons)) is (verdict is Verdict.INCONCLUSIVE)


def test_contents_are_judged_on_an_overloaded_machine_too() -> None:
    trace = Trace().start()
    trace.profiles(headers={"authorization": None})
    assert judge(trace.observations, expectations=STARVED)["headers.authorization"].verdict is Verdict.VIOLATED
