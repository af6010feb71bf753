"""The number of instances, which a trace without a driver shows by the tokens in use."""

from __future__ import annotations

import pytest
from conformance_traces import Trace, mask
from trace_verdicts import violated

from pass_harness.conformance.evaluation.engine import Judge, Verdict
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import select
from tests.conformance.trace_viewers import Viewer

REUSED = "registration.token-reused"
CACHES = {REUSED, "configuration.cached", "preauthorization.permits-cached"}
HOMES = [Viewer(f"tv-{number}", f"198.18.1.{number}") for number in range(1, 4)]


def by_turns(rounds: int = 4) -> Trace:
    """Return the trace of two instances behind a load balancer, each with a token and caches of its own."""
    trace = Trace().start()
    trace.token("t2")
    for number in range(rounds):
        for viewer in HOMES:
            for token in ("t1", "t2"):
                trace.token_value = mask(token)
                trace.profiles(viewer)
                trace.wait(0.2)
                if number == rounds - 1:
                    trace.preauthorize(["a"], viewer)
                if number == rounds - 1 and viewer is HOMES[0]:
                    trace.configuration(viewer)
                trace.wait(1)
    return trace


def test_two_instances_may_hold_a_token_and_a_cache_each() -> None:
    assert violated(by_turns().observations).keys() & CACHES == set()


def test_a_third_request_of_two_instances_is_a_violation() -> None:
    trace = by_turns()
    trace.configuration(HOMES[0])

    assert "configuration.cached" in violated(trace.observations)


def test_live_findings_know_the_instances_too() -> None:
    judge = Judge(select([REUSED]), Expectations(), driven=False)
    found = [finding for one in by_turns(8).observations for finding in judge.observe(one)]

    assert found == []


def test_instances_that_fetch_the_configuration_first_are_known_later() -> None:
    trace = Trace().start()
    trace.token("t2")
    for token in ("t1", "t2"):
        trace.token_value = mask(token)
        trace.configuration(HOMES[0])
        trace.preauthorize(["a"], HOMES[0])
    for number in range(4):
        for token in ("t1", "t2"):
            trace.token_value = mask(token)
            trace.profiles(HOMES[number % 3])
            trace.wait(1)

    assert violated(trace.observations).keys() & CACHES == set()


def test_a_token_for_each_call_is_a_violation() -> None:
    trace = Trace().start()
    for number in range(2, 8):
        trace.token(f"t{number}")
        trace.profiles(HOMES[number % 3])
        trace.wait(1)

    assert REUSED in violated(trace.observations)


def test_a_token_for_each_device_is_a_violation() -> None:
    trace = Trace().start()
    tokens = [mask(f"d{number}") for number, viewer in enumerate(HOMES) if trace.token(f"d{number}", viewer=viewer)]
    for _ in range(8):
        for viewer, token in zip(HOMES, tokens, strict=True):
            trace.token_value = token
            trace.profiles(viewer)
            trace.wait(1)

    assert REUSED in violated(trace.observations)


@pytest.mark.parametrize(("instances", "verdict"), [(1, Verdict.VIOLATED), (2, Verdict.PASSED)])
def test_a_driver_knows_the_number(instances: int, verdict: Verdict) -> None:
    judge = Judge(select([REUSED]), Expectations(instances=instances))
    for one in by_turns().observations:
        judge.observe(one)

    assert next(iter(judge.conclude())).verdict is verdict


def clients_by_turns(rounds: int) -> Trace:
    """Return the trace of two instances behind a load balancer, each with a client of its own."""
    trace = Trace().start()
    trace.register("client-2")
    trace.token("t2", client="client-2")
    for _ in range(rounds):
        for token in ("t1", "t2"):
            trace.token_value = mask(token)
            trace.profiles(HOMES[0])
            trace.wait(1)
    return trace


def test_instances_with_a_client_each_must_not_share_a_device() -> None:
    assert "registration.credentials-reused" in violated(clients_by_turns(2).observations, instances=2)


def test_a_device_may_move_to_another_instance() -> None:
    assert "registration.credentials-reused" not in violated(clients_by_turns(1).observations, instances=2)
