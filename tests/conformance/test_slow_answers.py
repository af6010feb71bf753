"""A service under load gives up on verbs: that does not show how it reads the responses of Adobe Pass."""

from __future__ import annotations

import pytest
from conformance_traces import Trace, Viewer
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.evaluation.slow_answers import NO_TIME, SLOW_VERBS

RULE = "errors.top-level-and-item-level"


def denied(others: int, waits_s: float, status: int = 503, *, slow_at_adobe: bool = False) -> Trace:
    """A verb that fails after an item-level error, while verbs of others are answered after ``waits_s`` seconds."""
    trace = Trace().start()
    began = trace.now
    for number in range(others):
        viewer = Viewer(f"other-{number}", f"198.18.1.{number + 1}")
        trace.now = began + number / 100
        with trace.verb("start", viewer):
            if slow_at_adobe:
                trace.takes, takes = waits_s, trace.takes
                trace.profiles(viewer)
                trace.takes = takes
            else:
                trace.wait(waits_s)
    trace.now = began + 0.5
    with trace.verb("play", resource="a", failure=f"the service answered {status}", status=status):
        trace.authorize("a", action="none")
        trace.wait(waits_s + 1)
    return trace


def test_a_failure_while_all_answers_are_late_is_unclear() -> None:
    result = judge(denied(SLOW_VERBS, 3.0).observations)[RULE]

    assert (result.verdict, result.reasons) == (Verdict.INCONCLUSIVE, (NO_TIME,))


@pytest.mark.parametrize(
    "trace",
    [denied(SLOW_VERBS, 0.3), denied(SLOW_VERBS - 1, 3.0), denied(SLOW_VERBS, 3.0, slow_at_adobe=True)],
    ids=["others are answered in time", "few others", "others wait for Adobe Pass"],
)
def test_a_failure_of_one_verb_is_the_service_s(trace: Trace) -> None:
    assert judge(trace.observations)[RULE].verdict is Verdict.VIOLATED


def test_a_wrong_answer_of_a_slow_service_is_its_own() -> None:
    trace = denied(SLOW_VERBS, 3.0)
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a", action="none")
        returns["allowed"] = True

    assert judge(trace.observations)[RULE].verdict is Verdict.VIOLATED
