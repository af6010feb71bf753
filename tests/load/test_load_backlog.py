"""The rules judge later than the observations arrive: in the same order, and with bounded memory."""

from __future__ import annotations

import pytest
from load_traces import asked, exchange

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import select
from pass_harness.load import backlog
from pass_harness.load.backlog import Backlog
from pass_harness.load.live_evaluation import HORIZON, LiveJudge


def observation(number: int) -> Observation:
    if number % 3:
        return exchange(number, wall=float(number))
    return asked("play", intended=number, started=number, ended=number + 0.5, failure="no answer").call


def test_observations_leave_in_the_order_of_their_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "IN_MEMORY", 10)
    monkeypatch.setattr(backlog, "READ_AT_ONCE", 7)
    waiting = Backlog()
    left = []
    for number in range(100):
        waiting.put(observation(number))
        if number % 4 == 3:
            left.append(waiting.get())
    assert len(waiting) == 75
    while waiting:
        left.append(waiting.get())
    assert left == [observation(number) for number in range(100)]
    with pytest.raises(IndexError):
        waiting.get()


def test_the_rules_judge_only_when_they_may() -> None:
    judge = LiveJudge(select(["headers.device-identifier"]), Expectations(), seconds=60.0)
    judge.begin(0.0)
    for number in range(20):
        judge.exchange(exchange(number + 1, float(number), "profiles"))
    judge.call(asked("play", intended=0.0, started=19.0 + HORIZON, ended=20.0 + HORIZON).call)
    assert judge.waiting == 20
    assert sum(step.findings for step in judge.timeline.steps()) == 0
    assert judge.traffic.calls.total() == 20, "the statistics do not wait"
    judge.judge_for(0.0)
    assert judge.waiting == 20
    judge.judge_for(60.0)
    assert judge.waiting == 0
    assert sum(step.findings for step in judge.timeline.steps()) == 20


def test_what_the_rules_did_not_judge_is_judged_at_the_end() -> None:
    judge = LiveJudge(select(["authentication.poll-interval"]), Expectations(), seconds=60.0)
    for number in range(5):
        judge.exchange(exchange(number + 1, wall=number * 1.0))
    (result,) = judge.conclude(frozenset({"login"}))
    assert result.verdict is Verdict.VIOLATED
    assert judge.waiting == 0


def test_the_share_of_judging_is_that_of_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = LiveJudge((), Expectations(), seconds=60.0)
    clock = {"monotonic": 100.0, "thread_time": 5.0}
    monkeypatch.setattr("pass_harness.load.live_evaluation.time.monotonic", lambda: clock["monotonic"])
    monkeypatch.setattr("pass_harness.load.live_evaluation.time.thread_time", lambda: clock["thread_time"])
    judge.begin(0.0)
    judge.call(asked("play", intended=0.0, started=0.0, ended=1.0).call)
    judge.call(asked("play", intended=0.0, started=1.0, ended=2.0 + HORIZON).call)
    monkeypatch.setattr(judge, "_judge_one", lambda _: clock.update(thread_time=clock["thread_time"] + 3.0))
    judge.judge_for(60.0)
    clock["monotonic"] += 60.0
    judge.end()
    assert judge.share == 5.0
