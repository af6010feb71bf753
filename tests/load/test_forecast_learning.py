"""Habits learned from traces: what a trace shows, and nothing that it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from pass_harness.conformance.evaluation.lags import OVERLOAD_STALLS
from pass_harness.conformance.evaluation.ordering import in_order
from pass_harness.load.forecast.habits import COMPLIANT, Habits
from pass_harness.load.forecast.learning import HABITS_OF_RULES, Learned, learn, learn_from
from pass_harness.mock_server.exchange import Exchange, Stall
from tests.conformance.conformance_traces import Trace
from tests.conformance.trace_viewers import Viewer

ALL = tuple("abcdefgh")
Visit = Callable[[Trace, Viewer, str], None]


def learned(trace: Trace, instances: int = 1) -> Learned:
    exchanges = [seen for seen in in_order(trace.observations) if isinstance(seen, Exchange)]
    found = learn_from(exchanges, instances=instances)
    assert found is not None
    return found


def compliant(trace: Trace, viewer: Viewer, code: str) -> None:
    """Add a viewer who logs in on the second screen, loads the catalogue and plays twice."""
    trace.profiles(viewer)
    trace.session(code, viewer)
    trace.look_up(code, viewer)
    trace.wait(1.9)
    for found in (False, True):
        trace.poll(code, found=found)
        trace.wait(3.2)
    trace.preauthorize(ALL[:5], viewer, denied=("c",))
    trace.preauthorize(ALL[5:], viewer)
    trace.wait(1)
    trace.authorize("a", viewer)
    trace.wait(4)
    trace.authorize("c", viewer, action="none")
    trace.wait(20)


def evening(visit: Visit, viewers: int = 8) -> Trace:
    """Return a trace of successive viewers."""
    trace = Trace().start()
    trace.configuration()
    for number in range(viewers):
        visit(trace, Viewer(f"device-{number}", f"198.18.0.{number + 1}"), f"CODE{number:03}")
    return trace


def differing(habits: Habits) -> set[str]:
    """Return the habits that differ from the compliant ones by more than a tenth."""
    found = set()
    for name in habits.__struct_fields__:
        is_now, should_be = float(getattr(habits, name)), float(getattr(COMPLIANT, name))
        if abs(is_now - should_be) > 0.1 * max(should_be, 0.5):
            found.add(name)
    return found


def test_a_compliant_trace_yields_the_compliant_habits() -> None:
    found = learned(evening(compliant))
    assert differing(found.habits) == {"denied_share"}, "which is the catalogue's, and here two of ten"
    assert found.defects == []
    assert found.violated == []
    assert found.occasions["poll_interval"] == 8
    assert found.habits.poll_interval == pytest.approx(3.2, abs=0.01)
    assert found.habits.first_poll_after == pytest.approx(1.9, abs=0.02)


def hasty(trace: Trace, viewer: Viewer, code: str) -> None:
    trace.profiles(viewer)
    trace.session(code, viewer)
    trace.look_up(code, viewer)
    for found in (False, False, False, True):
        trace.wait(1)
        trace.poll(code, found=found)
    trace.authorize("a", viewer)


def going_on(trace: Trace, viewer: Viewer, code: str) -> None:
    compliant(trace, viewer, code)
    for _ in range(6):
        trace.wait(3.2)
        trace.poll(code, found=True)


def token_each(trace: Trace, viewer: Viewer, code: str) -> None:
    for number in range(3):
        trace.token(f"{code}-{number}")
        trace.authorize("a", viewer)
        trace.wait(number + 1.0)


def registering(trace: Trace, viewer: Viewer, code: str) -> None:
    trace.register(f"client-{code}")
    trace.wait(3)
    trace.token(f"token-{code}")
    compliant(trace, viewer, code)


def short_token(trace: Trace, viewer: Viewer, code: str) -> None:
    trace.token(f"token-{code}")
    trace.authorize("a", viewer)
    trace.wait(10)


def asking_after_denial(trace: Trace, viewer: Viewer, _: str) -> None:
    for _try in range(4):
        trace.authorize("c", viewer, action="none")
    trace.wait(5)


def configuring(trace: Trace, viewer: Viewer, code: str) -> None:
    trace.configuration(viewer)
    trace.wait(1)
    compliant(trace, viewer, code)


def configuring_to_play(trace: Trace, viewer: Viewer, _: str) -> None:
    for _play in range(2):
        trace.configuration(viewer)
        trace.authorize("a", viewer)
        trace.wait(4)


def one_by_one(trace: Trace, viewer: Viewer, code: str) -> None:
    compliant(trace, viewer, code)
    for _look in range(2):
        for resource in ALL:
            trace.preauthorize([resource], viewer)
        trace.wait(5)


def not_waiting(trace: Trace, viewer: Viewer, code: str) -> None:
    compliant(trace, viewer, code)
    for status in (429, 429, 200):
        trace.profiles(viewer, mvpd="Cablevision", status=status, found=status == 200)
        trace.wait(0.1)


def listing(trace: Trace, viewer: Viewer, code: str) -> None:
    trace.profiles(viewer)
    trace.wait(30)
    compliant(trace, viewer, code)


@pytest.mark.parametrize(
    ("visit", "habit", "value", "rule"),
    [
        (hasty, "poll_interval", 1.0, "authentication.poll-interval"),
        (going_on, "polls_after_success", 6.0, "authentication.poll-stops-on-success"),
        (token_each, "tokens_per_call", 1.0, "registration.token-reused"),
        (short_token, "token_life", 10.0, "registration.token-reused"),
        (registering, "registrations_per_start", 1.0, "registration.credentials-reused"),
        (configuring, "configuration_kept", 0.0, "configuration.cached"),
        (configuring_to_play, "configurations_per_play", 1.0, "configuration.only-for-selection"),
        (asking_after_denial, "calls_after_denial", 3.0, "authorization.denial-final"),
        (one_by_one, "keeps_permits", False, "preauthorization.permits-cached"),
        (not_waiting, "throttle_pause", 0.1, "errors.throttled-waits"),
        (listing, "profiles_per_start", 1.0, "authentication.profile-remembered"),
    ],
)
def test_each_flaw_is_measured_and_attributed_to_a_rule(visit: Visit, habit: str, value: float, rule: str) -> None:
    found = learned(evening(visit))
    assert getattr(found.habits, habit) == pytest.approx(value, rel=0.15)
    flaw = next(flaw for flaw in found.defects if flaw.name == rule)
    assert habit in flaw.habits
    assert getattr(flaw.remove_from(found.habits), habit) == getattr(COMPLIANT, habit)


def test_what_an_overload_may_have_caused_is_no_flaw(tmp_path: Path) -> None:
    starved = [Stall(stalled_ms=2_000.0, at=0, wall=101.0 + number) for number in range(OVERLOAD_STALLS)]
    seen = [one for one in evening(hasty).observations if isinstance(one, Exchange)]
    for stalls, expected in (([], True), (starved, False)):
        trace = tmp_path / f"{len(stalls)}.jsonl"
        trace.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in [*seen, *stalls]))
        flaws = {flaw.name for flaw in learn([trace], instances=1).defects}
        assert ("authentication.poll-interval" in flaws) is expected


def test_a_common_address_of_all_devices_is_detected() -> None:
    trace = Trace().start()
    for number in range(8):
        compliant(trace, Viewer(f"device-{number}", "10.0.0.1"), f"CODE{number:03}")
    assert learned(trace).habits.one_address


def test_two_instances_can_each_have_a_client_and_token() -> None:
    trace = Trace().start()
    trace.wait(30)
    trace.register("client-2")
    trace.token("second")
    for _instance in range(2):
        trace.configuration()
    for number in range(8):
        compliant(trace, Viewer(f"device-{number}", f"198.18.0.{number + 1}"), f"CODE{number:03}")
    habits = learned(trace, instances=2).habits
    assert (habits.tokens_per_call, habits.registrations_per_start, habits.configuration_kept) == (0, 0, 180)


@pytest.mark.parametrize("lifetime", ["[redacted]", None, 0, -1, [1], {}])
def test_a_lifetime_that_the_trace_does_not_show_is_assumed(lifetime: object) -> None:
    def without(exchange: Exchange) -> Exchange:
        if exchange.endpoint != "dcr.token":
            return exchange
        body = msgspec.json.decode(exchange.response_body) | {"expires_in": lifetime}
        return msgspec.structs.replace(exchange, response_body=msgspec.json.encode(body).decode())

    trace = evening(compliant)
    seen = [without(one) if isinstance(one, Exchange) else one for one in trace.observations]
    assert learned(replace(trace, observations=seen)).habits.token_life == COMPLIANT.token_life


def test_a_trace_without_bodies_and_with_whole_seconds_can_be_forecast() -> None:
    trace = evening(compliant)
    seen = [
        msgspec.structs.replace(one, wall=float(int(one.wall)), duration_ms=0.0, request_body="")
        if isinstance(one, Exchange)
        else one
        for one in trace.observations
    ]
    habits = learned(replace(trace, observations=seen)).habits
    assert habits.batch == COMPLIANT.batch
    assert min(habits.poll_interval, habits.first_screen_poll_interval) > 0


def with_clients(trace: Trace) -> Trace:
    """Return the trace with the client of each call, as the mock records it: the one with the latest token."""
    client, seen = "", []
    for exchange in trace.observations:
        if isinstance(exchange, Exchange):
            client = exchange.client_id or client
            seen.append(msgspec.structs.replace(exchange, client_id=client))
    return replace(trace, observations=[*seen])


def test_clients_of_single_devices_are_distinguished_from_repeated_registrations() -> None:
    def owning(trace: Trace, viewer: Viewer, code: str) -> None:
        trace.register(f"client-{code}", viewer=viewer)
        trace.token(f"token-{code}", viewer=viewer)
        compliant(trace, viewer, code)

    trace = Trace()
    for number in range(8):
        owning(trace, Viewer(f"device-{number}", f"198.18.0.{number + 1}"), f"CODE{number:03}")
    own, again = learned(with_clients(trace)), learned(with_clients(evening(registering)))
    assert own.habits.client_per_device
    assert (own.habits.registrations_per_start, own.habits.registrations_per_token) == (0, 0)
    assert own.defects == []
    assert not again.habits.client_per_device
    assert again.habits.registrations_per_start == pytest.approx(1.0, rel=0.15)
    assert not learned(with_clients(evening(compliant))).habits.client_per_device


def test_first_and_second_screen_logins_are_distinguished() -> None:
    def both(trace: Trace, viewer: Viewer, code: str) -> None:
        compliant(trace, viewer, code)
        trace.session(f"B{code[1:]}", viewer)
        for found in (False, False, True):
            trace.wait(1)
            trace.poll(f"B{code[1:]}", found=found)

    habits = learned(evening(both)).habits
    assert habits.first_screen_poll_interval == pytest.approx(1.0, abs=0.01)
    assert habits.poll_interval == pytest.approx(3.2, abs=0.01)
    assert not habits.waits_for_redirect


def test_the_pause_after_a_failed_poll_is_not_counted() -> None:
    def throttled(trace: Trace, viewer: Viewer, code: str) -> None:
        trace.session(code, viewer)
        for status in (200, 429, 200, 200):
            trace.poll(code, status=status)
            trace.wait(9 if status == 429 else 1)
        trace.poll(code, found=True)

    assert learned(evening(throttled)).habits.poll_interval == pytest.approx(1.0, abs=0.01)


def test_a_trace_without_activity_yields_no_habits() -> None:
    trace = Trace().start()
    exchanges = [seen for seen in trace.observations if isinstance(seen, Exchange)]
    assert learn_from(exchanges, instances=1) is None


def test_every_attributed_rule_and_habit_exists() -> None:
    from pass_harness.conformance.registry import all_rules  # noqa: PLC0415 - slow, and needed here alone

    rules = {rule.card.id for rule in all_rules()}
    assert set(HABITS_OF_RULES) <= rules
    assert {name for habits in HABITS_OF_RULES.values() for name in habits} <= set(Habits.__struct_fields__)
