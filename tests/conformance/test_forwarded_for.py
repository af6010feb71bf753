"""X-Forwarded-For: whose address, on which calls, in which spelling, and what shows it without a driver."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from conformance_traces import Trace, error
from trace_verdicts import silent

from pass_harness.conformance.evaluation.engine import Judge, RuleResult, Verdict
from pass_harness.conformance.evaluation.ordering import in_order
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import select
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer

RULE = "headers.forwarded-for"


def judged(observations: Iterable[Observation], *, driven: bool = True, instances: int = 1) -> RuleResult:
    judge = Judge(select([RULE]), Expectations(instances=instances), driven=driven)
    seen = list(observations)
    judge.learn_devices(seen)
    for observation in in_order(seen):
        judge.observe(observation)
    return judge.conclude()[0]


def kinds(result: RuleResult) -> list[tuple[str, str]]:
    return [(finding.evidence.kind, finding.evidence.subject) for finding in result.findings]


# Registration and tokens


def test_a_verb_that_waits_for_a_token_gives_its_address_to_the_token_request() -> None:
    trace = Trace()
    with trace.verb("login"):
        trace.register()
        trace.token()
        trace.profiles()

    assert kinds(judged(trace.observations)) == [("absent", "registration")] * 2


def test_a_registration_with_the_devices_address_passes() -> None:
    trace = Trace()
    with trace.verb("login"):
        trace.register(viewer=VIEWER)
        trace.token(viewer=VIEWER)
        trace.profiles()

    silent(trace, RULE)


def test_a_refused_registration_of_a_failed_verb_is_the_devices() -> None:
    trace = Trace()
    with trace.verb("login", failure="429", status=503):
        trace.register(status=429)

    assert kinds(judged(trace.observations)) == [("absent", "registration")]


def test_a_token_after_a_401_is_that_of_the_rejected_call() -> None:
    trace = Trace().start().wait(1)
    with trace.verb("status"):
        trace.profiles(status=401, answer=error("invalid_access_token_client_application", status=401))
        trace.token("t2")
        trace.profiles()

    assert kinds(judged(trace.observations)) == [("absent", "registration")]


def test_requests_that_no_device_caused_need_no_address() -> None:
    trace = Trace().start()  # at the start of the service
    trace.configuration(device=None, headers={"ap-device-identifier": None, "x-forwarded-for": None})
    trace.wait(1)
    with trace.verb("status"):
        trace.profiles()
        trace.token("t2")  # by a timer
        trace.profiles()
    trace.ask("restart")
    trace.wait(0.5)
    with trace.verb("status"):
        trace.token("t3")  # at the start of the service, again
        trace.profiles()

    silent(trace, RULE)


def test_a_second_screen_may_cause_a_token_request_from_its_own_address() -> None:
    phone = Viewer("phone", "203.0.113.4")
    trace = Trace().start().wait(1)
    trace.session()
    with trace.verb("enter_code", code="AAAAAAA"):
        trace.token("t2", viewer=phone)
        trace.look_up(viewer=phone)
        trace.profiles()

    silent(trace, RULE)


def test_tokens_of_single_devices_are_found_without_a_driver() -> None:
    trace = Trace()
    for number in range(3):
        trace.token(f"t{number}", client=f"client-{number}")
        trace.profiles(Viewer(f"device-{number}", f"198.18.0.{number}"))
        trace.wait(5)

    assert kinds(judged(trace.observations, driven=False)) == [("absent", "registration")] * 3
    assert judged(trace.observations, driven=False, instances=2).verdict is Verdict.NOT_EXERCISED


def test_a_shared_token_may_be_requested_for_no_device() -> None:
    trace = Trace()
    for number in range(6):
        trace.token(f"t{number}")
        for viewer in (VIEWER, OTHER):
            trace.profiles(viewer)
            trace.wait(5)

    assert judged(trace.observations, driven=False).verdict is Verdict.NOT_EXERCISED


# Whose address


def household(*numbers: int) -> list[Viewer]:
    return [Viewer(f"home-{number}", "203.0.113.7") for number in numbers]


def test_devices_of_one_household_share_its_address() -> None:
    trace = Trace().start()
    for viewer in household(1, 2, 3, 4, 5):
        with trace.verb("start", viewer):
            trace.profiles(viewer)

    silent(trace, RULE)


def test_a_second_screen_of_another_device_may_look_its_code_up() -> None:
    trace = Trace().start()
    trace.ask("start", OTHER)
    with trace.verb("login", screen="secondary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    for _ in range(2):
        trace.look_up(viewer=OTHER)
        trace.resume(viewer=OTHER)
        trace.poll(headers={"x-forwarded-for": OTHER.ip}, ip=OTHER.ip)

    silent(trace, RULE)


def test_polls_with_the_address_of_another_device_are_a_violation() -> None:
    trace = Trace().start()
    trace.ask("start", OTHER)
    with trace.verb("login", screen="secondary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    for _ in range(4):
        trace.wait(3.5)
        trace.poll(headers={"x-forwarded-for": OTHER.ip}, ip=OTHER.ip)

    assert set(kinds(judged(trace.observations))) == {("another-device", "")}


def test_an_address_of_two_devices_is_reported_as_that_of_the_first() -> None:
    trace = Trace().start()
    trace.ask("start", OTHER)
    trace.ask("start", Viewer("device-3", OTHER.ip))
    with trace.verb("start"):
        trace.profiles(headers={"x-forwarded-for": OTHER.ip})

    observed = [finding.evidence.observed for finding in judged(trace.observations).findings]
    assert observed == [f"{OTHER.ip}, the address of device {OTHER.device}"]


@pytest.mark.parametrize(
    "sent",
    [
        "198.18.0.1:50000",
        "::ffff:198.18.0.1",
        "[::ffff:198.18.0.1]:50000",
        "198.18.0.1, 203.0.113.1, 203.0.113.2",
        " 198.18.0.1 ,unknown",
    ],
)
def test_the_spelling_of_the_address_and_its_port_do_not_matter(sent: str) -> None:
    trace = Trace().start()
    with trace.verb("start"):
        trace.profiles(headers={"x-forwarded-for": sent})

    silent(trace, RULE)


# The address and connectionIp, without a driver


def test_the_address_of_another_device_is_found_by_connection_ip() -> None:
    trace = Trace().start()
    viewers = [Viewer("device-1", "203.0.113.1"), Viewer("device-2", "203.0.113.2")]
    trace.profiles(viewers[0])
    trace.profiles(viewers[1], headers={"x-forwarded-for": "203.0.113.1"})

    assert kinds(judged(trace.observations, driven=False)) == [("other-than-connection-ip", "")]


@pytest.mark.parametrize("named", ["192.168.1.5", "10.0.0.9", "100.64.0.3", "fd00::5"])
def test_an_app_may_know_its_local_address_alone(named: str) -> None:
    trace = Trace().start()
    for number in range(5):
        viewer = Viewer(f"device-{number}", named)
        trace.profiles(viewer, headers={"x-forwarded-for": "203.0.113.1"})

    assert judged(trace.observations, driven=False).verdict is Verdict.NOT_EXERCISED


def test_one_device_may_use_two_networks() -> None:
    trace = Trace().start()
    for _ in range(5):
        trace.profiles(Viewer("device-1", "203.0.113.1"), headers={"x-forwarded-for": "203.0.113.9"})

    assert judged(trace.observations, driven=False).verdict is Verdict.NOT_EXERCISED
