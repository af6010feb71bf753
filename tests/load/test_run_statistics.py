"""Statistics of a run: latencies from the intended time, and calls of the service apart from those of browsers."""

from __future__ import annotations

import random

import pytest
from load_traces import asked, event, exchange

from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.reports.composition import compose as compose_conformance
from pass_harness.conformance.reports.run import Run
from pass_harness.load.ipc_messages import AdobeCall, Attendance
from pass_harness.load.live_evaluation import LiveJudge
from pass_harness.load.report.model import LoadReport, compose
from pass_harness.load.run_statistics import Demand, Latencies, Traffic


def test_percentiles_are_nearest_rank_and_exact_to_half_a_per_cent() -> None:
    chance = random.Random(3)
    values = sorted(chance.lognormvariate(3, 2) for _ in range(5000))
    latencies = Latencies()
    for value in values:
        latencies.add(value)
    for percent in (50, 95, 99, 100):
        assert latencies.percentile(percent) == pytest.approx(values[5000 * percent // 100 - 1], rel=0.005)
    assert latencies.largest == values[-1]


def test_few_values_have_percentiles_too() -> None:
    latencies = Latencies()
    assert latencies.percentile(99) == 0.0
    latencies.add(12.5)
    assert [latencies.percentile(percent) for percent in (0, 50, 99)] == [12.5] * 3


def test_latency_counts_from_the_intended_time() -> None:
    """A generator that waits while the service hangs must not hide the waiting time (coordinated omission)."""
    demand = Demand()
    demand.add(asked("play", intended=10.0, started=14.0, ended=14.1))
    assert demand.verbs["play"].latencies.largest == pytest.approx(4100)
    assert demand.lateness.largest == pytest.approx(4000)


def test_errors_are_counted_by_verb() -> None:
    demand = Demand()
    demand.add(asked("play", intended=1, started=1, ended=2, failure="the service answered 503"))
    demand.add(asked("play", intended=1, started=1, ended=2))
    demand.add(asked("status", intended=1, started=1, ended=2))
    assert (demand.verbs["play"].calls, demand.verbs["play"].errors) == (2, 1)
    assert (demand.actions, demand.errors) == (3, 1)


def test_requests_of_browsers_are_not_calls_of_the_service() -> None:
    traffic = Traffic()
    for number, endpoint in enumerate(("authenticate", "browser.login", "profiles.code", "")):
        traffic.add(exchange(number, 1.0, endpoint))
    assert traffic.calls == {"profiles.code": 1, "(unknown path)": 1}


def test_throttled_and_failed_calls_are_counted_separately() -> None:
    traffic = Traffic()
    for number, status in enumerate((200, 302, 429, 429, 400, 503)):
        traffic.add(exchange(number, 1.0, status=status))
    assert (traffic.throttled["profiles.code"], traffic.failed["profiles.code"]) == (2, 2)


def test_calls_without_a_journal_are_counted_the_same_way() -> None:
    traffic = Traffic()
    for status in (200, 429, 503, 0):
        traffic.add_call(AdobeCall(endpoint="profiles", at=1.0, took=0.02, status=status))
    assert (traffic.calls["profiles"], traffic.throttled["profiles"], traffic.failed["profiles"]) == (4, 1, 2)
    assert traffic.durations.percentile(50) == 20.0


def report(demand: Demand, traffic: Traffic, invalid: list[str] | None = None) -> LoadReport:
    judge = LiveJudge([], Expectations(), seconds=60.0)
    judge.demand, judge.traffic = demand, traffic
    return compose(
        event(),
        compose_conformance([], run=Run()),
        invalid or [],
        attendance=Attendance(arrived=100, finished=100),
        judge=judge,
        slo=None,
        seed=1,
    )


def test_amplification_is_calls_per_action() -> None:
    demand, traffic = Demand(), Traffic()
    for number in range(6):
        traffic.add(exchange(number, 1.0))
    for _ in range(4):
        demand.add(asked("play", intended=1, started=1, ended=2))
    assert report(demand, traffic).adobe.amplification == 1.5
    assert report(Demand(), traffic).adobe.amplification == 0.0


def test_verbs_are_listed_in_the_order_of_the_story() -> None:
    demand = Demand()
    for verb in ("stop", "play", "login", "start"):
        demand.add(asked(verb, intended=1, started=1, ended=2))
    assert [verb.verb for verb in report(demand, Traffic()).verbs] == ["start", "login", "play", "stop"]


def test_an_invalid_run_always_exits_with_3() -> None:
    assert report(Demand(), Traffic(), ["the mock was saturated"]).exit_code == 3
