"""Before the event: capacity compared with arrivals, progress of the warm-up, and the rate of its logins."""

from __future__ import annotations

import socket

import msgspec
import pytest
from load_traces import event

from pass_harness.conformance.drivers.http_verbs import HttpAnswer, VerbError
from pass_harness.load.generator.warm_up import ADJUSTED_EVERY_S, LoginRate, throttled_requests
from pass_harness.load.generator_capacity import shortage, viewers_per_second
from pass_harness.load.ipc_messages import Capacity, WarmUp
from pass_harness.load.preparation import Preparation

HERE, ELSEWHERE = socket.gethostname(), "another-machine.test"
EVENT = msgspec.structs.replace(event(), audience=4_000)


def capacity(share: int, viewers_s: float, *, machine: str = HERE, cores: int = 2) -> Capacity:
    return Capacity(share=share, viewers_s=viewers_s, machine=machine, cores=cores)


class Time:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def logins(rate: LoginRate, time: Time, latency_s: float, *, troubled: bool = False) -> None:
    """Let a window pass in which every answer takes ``latency_s``."""
    for _ in range(10):
        rate.answered(latency_s)
    if troubled:
        rate.troubled()
    time.now += ADJUSTED_EVERY_S
    rate.adjust()


def test_quick_answers_make_the_logins_faster(time: Time) -> None:
    rate = LoginRate(10.0, time)
    for _ in range(6):
        logins(rate, time, 0.02)
    assert rate.rate > 100


def test_throttled_calls_halve_the_rate_and_make_it_grow_carefully(time: Time) -> None:
    rate = LoginRate(10.0, time)
    for _ in range(4):
        logins(rate, time, 0.02)
    reached = rate.rate
    logins(rate, time, 0.02, troubled=True)
    assert rate.rate == pytest.approx(reached / 2)
    for _ in range(2):
        logins(rate, time, 0.02)
    assert reached / 2 < rate.rate < reached


@pytest.mark.parametrize(("latency_s", "grows"), [(0.2, True), (0.26, False), (1.0, False)])
def test_answers_that_become_slow_slow_the_logins_down(time: Time, latency_s: float, *, grows: bool) -> None:
    rate = LoginRate(10.0, time)
    logins(rate, time, 0.02)
    before = rate.rate
    logins(rate, time, latency_s)
    assert (rate.rate > before) is grows


def test_a_service_that_is_always_slow_still_gets_its_logins(time: Time) -> None:
    rate = LoginRate(10.0, time)
    for _ in range(3):
        logins(rate, time, 2.0)
    assert rate.rate > 10


def test_a_window_without_answers_changes_nothing(time: Time) -> None:
    rate = LoginRate(10.0, time)
    rate.adjust()
    assert rate.rate == 10.0


def test_logins_that_are_late_come_at_the_rate_not_at_once(time: Time) -> None:
    rate = LoginRate(10.0, time)
    assert rate.due() == pytest.approx(100.0)
    assert rate.due() == pytest.approx(100.1)
    time.now = 105.0
    assert rate.due() == pytest.approx(105.0)
    assert rate.due() == pytest.approx(105.1)


def test_throttled_requests_are_the_sum_over_all_endpoints() -> None:
    metrics = (
        b"# TYPE pass_mock_throttled_requests counter\n"
        b'pass_mock_requests_total{endpoint="profiles",status="429"} 7.0\n'
        b'pass_mock_throttled_requests_total{endpoint="profiles"} 4.0\n'
        b'pass_mock_throttled_requests_total{endpoint="dcr.token"} 3.0\n'
    )
    assert throttled_requests(HttpAnswer(status=200, headers={}, body=metrics)) == 7.0
    with pytest.raises(VerbError, match="the mock answered 403"):
        throttled_requests(HttpAnswer(status=403, headers={}, body=b""))


def test_cores_of_the_service_and_the_mock_are_no_capacity() -> None:
    two = [capacity(0, 300.0), capacity(1, 300.0)]
    assert viewers_per_second(two, cores_for_target=1) == 300.0
    assert viewers_per_second(two, cores_for_target=0) == 600.0
    assert viewers_per_second([*two, capacity(2, 200.0, machine=ELSEWHERE)], cores_for_target=1) == 500.0
    assert viewers_per_second([], cores_for_target=1) == 0.0


def test_a_generator_that_suffices_lacks_nothing() -> None:
    assert shortage(EVENT, [capacity(0, 1_000.0)], cores_for_target=1) == ""


def test_without_a_calibration_no_shortage_is_known(time: Time) -> None:
    assert shortage(EVENT, [capacity(0, 0.0)], cores_for_target=1) == ""
    said: list[str] = []
    preparation(time, said, shares=1).calibrated(capacity(0, 0.0))
    assert said == ["WARNING: the calibration of the load generator failed: its capacity is unknown"]


@pytest.mark.parametrize(
    ("processes", "says"),
    [
        ([capacity(0, 150.0, cores=8)], "process 1 of 1 on {here} needs more than one core (150 viewers"),
        ([capacity(0, 150.0, cores=8)], "; generate with --processes 2, or make the audience smaller"),
        ([capacity(0, 150.0)], "; generate on more machines (--expect-workers 2), or"),
        ([capacity(0, 200.0), capacity(1, 180.0)], "{here} has 2 cores for 2 generating processes, the service and"),
        ([capacity(0, 200.0), capacity(1, 9.0, machine=ELSEWHERE)], "process 2 of 2 on another-machine.test needs"),
    ],
)
def test_a_shortage_names_the_process_what_it_lacks_and_a_remedy(processes: list[Capacity], says: str) -> None:
    assert EVENT.peak == 300
    assert says.format(here=HERE) in shortage(EVENT, processes, cores_for_target=1)


def preparation(time: Time, said: list[str], shares: int) -> Preparation:
    return Preparation(EVENT, said.append, shares=shares, cores_for_target=1, now_s=time)


def test_the_capacity_is_announced_once_all_processes_are_calibrated(time: Time) -> None:
    said: list[str] = []
    prepared = preparation(time, said, shares=2)
    prepared.calibrated(capacity(1, 100.0))
    assert said == []
    prepared.calibrated(capacity(0, 120.0))
    assert said[0] == (
        "calibration: the load generator can start 110 viewers per second; "
        "the event has at most 300 arrivals per second"
    )
    assert said[1] == f"WARNING: {prepared.shortage}"
    assert [process.share for process in prepared.processes] == [0, 1]


def test_the_progress_of_the_warm_up_has_a_rate_and_a_remaining_time(time: Time) -> None:
    said: list[str] = []
    prepared = preparation(time, said, shares=2)
    for done in range(0, 3_000, 300):
        for share in (0, 1):
            prepared.warming_up(WarmUp(share=share, done=done, total=3_000, rate=50.0))
        time.now += 2.0
    assert said[0] == "warm-up: 0 of 3,000 returning viewers logged in, 50 per second, 60 s left"
    assert said[1] == "warm-up: 1,500 of 6,000 returning viewers logged in, 100 per second, 45 s left"
    assert len(said) == 4, "not more often than every five seconds"
    for share in (0, 1):
        prepared.warming_up(WarmUp(share=share, done=3_000, total=3_000, rate=50.0))
    assert said[-1] == "warm-up: 6,000 of 6,000 returning viewers logged in"
