"""Recorded ways of behaving, made from Adobe's pages: what they allow passes an audit, what they forbid is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import pytest
from conformance_traces import MVPD, Trace, error
from trace_verdicts import merged

from pass_harness.conformance.evaluation.engine import Judge, Verdict
from pass_harness.conformance.evaluation.ordering import in_order
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.mock_server.exchange import Exchange
from tests.conformance.trace_viewers import Viewer

HOME = "203.0.113.7"
TV = Viewer("tv", HOME)
PHONE = Viewer("phone", HOME, model="iPhone")
SERVER = Viewer("", "10.0.0.5")
MALFORMED = error("invalid_access_token_client_application", "application-registration", 401)
Play = Callable[[], Iterable[Observation]]


def audited(observations: Iterable[Observation]) -> dict[str, str]:
    """Return the rules that an audit of the exchanges accuses or cannot judge, with their verdicts."""
    judge = Judge(all_rules(), Expectations(), driven=False)
    for seen in in_order(one for one in observations if isinstance(one, Exchange)):
        judge.observe(seen)
    wanted = {Verdict.VIOLATED, Verdict.INCONCLUSIVE}
    return {result.card.id: str(result.verdict) for result in judge.conclude() if result.verdict in wanted}


def begun(viewer: Viewer = TV) -> Trace:
    """Return a trace whose service has a token and has looked up the profiles of a viewer."""
    trace = Trace()
    trace.register(viewer=viewer)
    trace.token()
    trace.profiles(viewer)
    return trace


def played(trace: Trace, viewer: Viewer = TV, media: str = "m1") -> Trace:
    trace.wait(20).authorize(viewer=viewer, media=media)
    return trace


def logged_in(interval: float = 4.0) -> Trace:
    trace = begun()
    trace.session("AAAAAAA", TV)
    for found in (False, False, False, True):
        trace.wait(interval).poll("AAAAAAA", found=found)
    return trace


def polls_every_nine_seconds() -> Iterable[Observation]:
    return played(logged_in(9.0)).observations


def tries_four_times_with_growing_delay() -> Iterable[Observation]:
    trace = logged_in()
    for pause in (30, 0.5, 1.5, 4.5):
        trace.wait(pause).authorize(viewer=TV, status=503, answer="<html>")
    return trace.observations


def checks_the_profile_of_a_returning_viewer() -> Iterable[Observation]:
    trace = logged_in()
    for pause in (600, 5, 3600):
        trace.wait(pause).profiles(TV, mvpd=MVPD, found=True)
    return played(trace).observations


def reads_the_code_again_before_a_later_play() -> Iterable[Observation]:
    trace = logged_in()
    for number, pause in enumerate((300, 60, 10)):
        trace.wait(pause).poll("AAAAAAA", found=True)
        trace.authorize(viewer=TV, media=f"m{number}")
    return trace.observations


def a_phone_in_the_same_home_looks_its_code_up() -> Iterable[Observation]:
    trace = begun()
    trace.session("AAAAAAA", TV)
    trace.wait(4).poll("AAAAAAA")
    trace.wait(1)
    trace.look_up("AAAAAAA", PHONE)
    trace.codes["AAAAAAA"] = PHONE
    trace.poll("AAAAAAA", headers={"user-agent": "Mozilla/5.0 (iPhone)"}, device=None)
    trace.codes["AAAAAAA"] = TV
    trace.wait(3).poll("AAAAAAA")
    trace.wait(4).poll("AAAAAAA", found=True)
    trace.codes["AAAAAAA"] = PHONE
    trace.wait(0.8).poll("AAAAAAA", found=True, headers={"user-agent": "Mozilla/5.0 (iPhone)"}, device=None)
    return trace.observations


def the_service_looks_the_code_up_for_a_phone_in_its_own_words() -> Iterable[Observation]:
    trace = begun()
    trace.session("AAAAAAA", TV)
    for pause, found in ((4, False), (4, False), (1.3, False), (2.7, False), (4, True)):
        trace.wait(pause).poll("AAAAAAA", found=found)
    return trace.observations


def two_homes_behind_one_carrier_address() -> Iterable[Observation]:
    first, second = logged_in(), logged_in()
    neighbour = Viewer("neighbour", HOME)
    second = Trace(now=101.7)
    second.token_value = first.token_value
    second.profiles(neighbour)
    second.session("BBBBBBB", neighbour)
    for found in (False, False, True):
        second.wait(4).poll("BBBBBBB", found=found)
    return merged(played(first), played(second, neighbour, "m2"))


def one_client_for_each_app() -> Iterable[Observation]:
    traces = []
    for number in range(3):
        viewer = Viewer(f"tv-{number}", f"203.0.113.{number + 1}")
        trace = Trace(now=100 + number)
        trace.register(f"client-{number}", viewer=viewer)
        trace.token(f"t{number}", viewer=viewer)
        trace.profiles(viewer)
        traces.append(trace)
    return merged(*traces)


def registers_anew_after_a_fresh_token_was_refused() -> Iterable[Observation]:
    trace = begun()
    trace.wait(5).profiles(TV, status=401, answer=MALFORMED)
    trace.token("t2")
    trace.profiles(TV, status=401, answer=MALFORMED)
    trace.register("client-2", viewer=TV)
    trace.token("t3", client="client-2")
    trace.profiles(TV)
    return trace.observations


def authorizes_again_at_commercial_breaks() -> Iterable[Observation]:
    trace = logged_in()
    for number in range(4):
        trace.wait(480).authorize(viewer=TV, media=f"m{number}")
    return trace.observations


def logs_the_old_provider_out_when_the_viewer_switches() -> Iterable[Observation]:
    trace = logged_in()
    trace.wait(60).logout(TV)
    trace.wait(0.2).session("BBBBBBB", TV)
    for found in (False, True):
        trace.wait(4).poll("BBBBBBB", found=found)
    return trace.observations


def the_configuration_is_fetched_at_boot() -> Iterable[Observation]:
    trace = Trace()
    trace.register(viewer=None)
    trace.token()
    trace.exchange("configuration", "/api/v2/REF30/configuration", viewer=None, service_provider="REF30")
    trace.wait(10).profiles(TV)
    return trace.observations


def a_viewer_presses_play_again_at_once() -> Iterable[Observation]:
    trace = logged_in()
    for pause in (30, 0.35, 0.6):
        trace.wait(pause).authorize(viewer=TV, action="none")
    trace.wait(0.3).logout(TV)
    return trace.observations


def a_trial_ends_in_a_login() -> Iterable[Observation]:
    trace = begun()
    over = error("temporary_access_duration_limit_exceeded", "authentication")
    denied = {"decisions": [{"resource": "a", "authorized": False, "error": over}]}
    trace.authorize(viewer=TV, mvpd="TempPass")
    trace.wait(600).authorize(viewer=TV, mvpd="TempPass", answer=denied)
    trace.wait(0.1).session("AAAAAAA", TV)
    trace.wait(4).poll("AAAAAAA", found=True)
    return played(trace).observations


def a_chain_of_addresses_is_forwarded() -> Iterable[Observation]:
    trace = Trace()
    headers = {"x-forwarded-for": f"{HOME}:51234, 10.0.0.1, 10.0.0.2"}
    trace.register(viewer=TV)
    trace.token()
    for _ in range(2):
        trace.wait(300).profiles(TV, headers=headers)
    return trace.observations


ALLOWED: tuple[Play, ...] = (
    polls_every_nine_seconds,
    tries_four_times_with_growing_delay,
    checks_the_profile_of_a_returning_viewer,
    reads_the_code_again_before_a_later_play,
    a_phone_in_the_same_home_looks_its_code_up,
    the_service_looks_the_code_up_for_a_phone_in_its_own_words,
    two_homes_behind_one_carrier_address,
    one_client_for_each_app,
    registers_anew_after_a_fresh_token_was_refused,
    authorizes_again_at_commercial_breaks,
    logs_the_old_provider_out_when_the_viewer_switches,
    the_configuration_is_fetched_at_boot,
    a_viewer_presses_play_again_at_once,
    a_trial_ends_in_a_login,
    a_chain_of_addresses_is_forwarded,
)


def polls_five_times_a_second_with_its_own_address() -> Iterable[Observation]:
    trace = begun()
    trace.session("AAAAAAA", TV)
    trace.codes["AAAAAAA"] = SERVER
    for _ in range(20):
        trace.wait(0.2).poll("AAAAAAA", device=None)
    return trace.observations


def polls_on_after_success_with_its_own_address() -> Iterable[Observation]:
    trace = begun()
    trace.session("AAAAAAA", TV)
    trace.codes["AAAAAAA"] = SERVER
    for number in range(12):
        trace.wait(4).poll("AAAAAAA", found=number > 3, device=None)
    return trace.observations


def runs_two_pollers() -> Iterable[Observation]:
    trace = begun()
    trace.session("AAAAAAA", TV)
    for pause in (4, *(1.4, 2.6) * 8):
        trace.wait(pause - trace.takes).poll("AAAAAAA")
    return trace.observations


def fetches_a_token_for_each_viewer_at_expiry() -> Iterable[Observation]:
    first = begun()
    first.token_value, others = first.token_value, []
    for number in range(6):
        viewer = Viewer(f"tv-{number}", f"203.0.113.{number + 20}")
        other = Trace(now=21_650 + number / 1000, takes=0.2)
        other.token(f"t{number + 2}", client="client-1")
        other.profiles(viewer)
        others.append(other)
    return merged(first, *others)


def calls_rest_api_v1_too() -> Iterable[Observation]:
    trace = logged_in()
    trace.exchange("", "/api/v1/tokens/authn", viewer=TV)
    return trace.observations


def retries_without_end() -> Iterable[Observation]:
    trace = logged_in()
    for _ in range(10):
        trace.wait(0.25).authorize(viewer=TV, status=503, answer="<html>")
    return trace.observations


def registers_with_each_start() -> Iterable[Observation]:
    trace = Trace()
    for number in range(4):
        trace.register(f"client-{number}", viewer=TV)
        trace.token(f"t{number}", client=f"client-{number}")
        trace.profiles(TV)
        trace.wait(60)
    return trace.observations


def preauthorizes_a_whole_catalogue() -> Iterable[Observation]:
    trace = logged_in()
    many = [f"r{number}" for number in range(30)]
    trace.preauthorize(many, TV, status=403, answer=error("too_many_resources", "configuration"))
    return trace.observations


WRONG: dict[Play, str] = {
    polls_five_times_a_second_with_its_own_address: "authentication.poll-interval",
    polls_on_after_success_with_its_own_address: "authentication.poll-stops-on-success",
    runs_two_pollers: "authentication.poll-is-single",
    fetches_a_token_for_each_viewer_at_expiry: "registration.token-reused",
    calls_rest_api_v1_too: "headers.only-documented",
    retries_without_end: "errors.server-errors-bounded",
    registers_with_each_start: "registration.credentials-reused",
    preauthorizes_a_whole_catalogue: "preauthorization.batch-limit",
}


@pytest.mark.parametrize("way", ALLOWED, ids=lambda way: way.__name__)
def test_an_allowed_way_is_accused_of_nothing(way: Play) -> None:
    assert audited(way()) == {}


@pytest.mark.parametrize("way", WRONG, ids=lambda way: way.__name__)
def test_a_wrong_way_is_found(way: Play) -> None:
    assert audited(way()).get(WRONG[way]) == Verdict.VIOLATED


def test_what_a_record_holds_is_what_the_mock_writes() -> None:
    """The traces have the members of recorded exchanges, so that they stand for real records."""
    assert all(
        json.loads(one.response_body or "{}") is not None
        for one in logged_in().observations
        if isinstance(one, Exchange)
    )
