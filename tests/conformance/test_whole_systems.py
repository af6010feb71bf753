"""Whole systems, audited by all rules: fleets of instances, tenants, environments, carriers and partner logins."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from conformance_traces import Trace, error
from trace_verdicts import judge, violated

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.traces import read_traces
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.running.audit import audit
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import VIEWER, Viewer, encode

REUSED = "registration.credentials-reused"
TOKEN_REUSED = "registration.token-reused"
FORWARDED = "headers.forwarded-for"
REFUSED = error("invalid_access_token_client_application", "application-registration", 401)


def tv(number: int, ip: str = "") -> Viewer:
    return Viewer(f"tv-{number}", ip or f"198.18.{number // 250}.{number % 250 + 1}")


def at(trace: Trace, **fields: Any) -> None:  # noqa: ANN401 - fields of an exchange
    """Change the latest exchange."""
    latest = trace.observations[-1]
    assert isinstance(latest, Exchange)
    trace.observations[-1] = msgspec.structs.replace(latest, **fields)


# Many instances that start together, each with a token of its own


def fleet(instances: int, *, rounds: int = 20, served: Callable[[int, int], int] = lambda nth, _: nth) -> Trace:
    """Return the trace of instances behind a load balancer. ``served`` gives the viewer of a request and instance."""
    trace = Trace()
    trace.register()
    for number in range(instances):
        trace.token(f"t{number}")
        trace.wait(0.001 - trace.takes)
    trace.wait(0.1)
    for nth in range(rounds * instances):
        trace.token_value = mask(f"t{nth % instances}")
        trace.profiles(tv(served(nth, nth % instances)), peer=f"10.0.0.{nth % instances}:5000")
        trace.wait(0.05)
    return trace


@pytest.mark.parametrize("instances", [3, 8, 20])
def test_instances_that_start_together_have_a_token_each(instances: int) -> None:
    assert violated(fleet(instances).observations).keys() & {TOKEN_REUSED, FORWARDED} == set()


def test_a_token_for_each_of_many_devices_is_a_violation() -> None:
    trace = fleet(20, served=lambda _, instance: instance)

    assert violated(trace.observations).keys() >= {TOKEN_REUSED, FORWARDED}


def test_a_token_for_each_call_is_a_violation_however_long_the_trace() -> None:
    trace = Trace().start()
    for number in range(200):
        trace.token(f"u{number}")
        trace.profiles(tv(number % 9))
        trace.wait(1)

    assert TOKEN_REUSED in violated(trace.observations)


# Caches of instances that share a token


def fetching(pauses: Iterable[float], peers: Sequence[str]) -> Trace:
    """Return the trace of a service that fetches the configuration after these pauses, from these hosts by turns."""
    trace = Trace().start()
    for number, (pause, peer) in enumerate(zip(pauses, itertools.cycle(peers), strict=False)):
        trace.wait(pause)
        connection = peer if len(peers) == 1 else f"{peer} {number}"
        trace.configuration(tv(number), peer=f"{peer}:5000", connection=connection)
    return trace


@pytest.mark.parametrize(
    ("pauses", "peers", "broken"),
    [
        ([1.0, 1.0, 1.0], ["10.0.0.1", "10.0.0.2", "10.0.0.3"], False),
        ([1.0, 1.0, 1.0], ["10.0.0.1"], True),
        ([1.0, 1.0, 1.0, 20.0, 1.0, 1.0, 20.0], ["10.0.0.1", "10.0.0.2", "10.0.0.3"], True),
        ([1.0, 104.0, 132.0, 108.0, 121.0], ["10.0.0.1"], False),
        ([1.0, 60.0, 30.0, 60.0, 60.0], ["10.0.0.1"], True),
    ],
    ids=["an-instance-each", "one-instance", "instances-without-a-cache", "with-jitter", "a-minute"],
)
def test_each_instance_caches_the_configuration(pauses: list[float], peers: list[str], broken: bool) -> None:
    assert ("configuration.cached" in violated(fetching(pauses, peers).observations)) is broken


def serverless(calls: int, *, kept: bool) -> Trace:
    """Return the trace of functions that each have an address, and make some calls before they end."""
    trace = Trace().start()
    for function in range(60):
        for call in range(calls):
            name = f"{function}" if kept else f"{function} {call}"
            trace.profiles(tv(function), peer=f"10.0.{function}.1:5000", connection=name)
            trace.wait(0.2)
    return trace


@pytest.mark.parametrize(("calls", "kept", "broken"), [(1, True, False), (3, True, False), (3, False, True)])
def test_a_function_that_has_just_started_opens_a_connection(calls: int, kept: bool, broken: bool) -> None:
    found = violated(serverless(calls, kept=kept).observations)

    assert ("environment.connections-reused" in found) is broken


# Tenants, applications and environments

TENANTS = ("REF30", "adobe", "nbc")


def tenants(*, apart: bool = True, at_start: bool = True) -> Trace:
    """Return the trace of a service that registers a client for each tenant, of which the last has no viewers.

    ``apart`` is False for one that has a single client in use and registers another.
    """
    trace = Trace()
    for number, tenant in enumerate(TENANTS):
        if tenant == TENANTS[-1] and not at_start:
            _serve(trace, apart=apart)
        trace.register(f"client-{tenant}")
        trace.token(f"t{number}")
    if at_start:
        _serve(trace, apart=apart)
    return trace


def _serve(trace: Trace, *, apart: bool) -> None:
    for number, tenant in enumerate(TENANTS[:2]):
        if number and not apart:
            return
        trace.token_value = mask(f"t{number}")
        for viewer in (tv(1), tv(2)):
            trace.profiles(viewer)
            path = f"/api/v2/{tenant}/profiles"
            at(trace, service_provider=tenant, path=path)


@pytest.mark.parametrize(
    ("apart", "at_start", "broken"), [(True, True, False), (True, False, False), (False, True, False)]
)
def test_a_tenant_without_viewers_has_a_client(apart: bool, at_start: bool, broken: bool) -> None:
    assert (REUSED in violated(tenants(apart=apart, at_start=at_start).observations)) is broken


def test_a_client_registered_beside_one_in_use_is_a_violation_although_unused() -> None:
    assert REUSED in violated(tenants(apart=False, at_start=False).observations)


def visits(pause: float, *, registered: bool = False) -> Trace:
    """Return the trace of a device that calls with two clients by turns, from before the trace if not registered."""
    trace = Trace()
    if registered:
        trace.register("client-1")
        trace.register("client-2")
    for number in range(2):
        trace.token(f"t{number}", client=f"client-{number + 1}")
    for _ in range(3):
        for number in range(2):
            trace.token_value = mask(f"t{number}")
            trace.profiles()
            trace.wait(pause)
            trace.authorize()
            trace.wait(pause)
    return trace


def test_a_device_may_have_two_applications_that_were_registered_before_the_trace() -> None:
    assert REUSED not in violated(visits(20).observations)


@pytest.mark.parametrize(("pause", "registered"), [(2, False), (20, True)])
def test_instances_with_a_client_each_are_no_applications(pause: float, registered: bool) -> None:
    assert REUSED in violated(visits(pause, registered=registered).observations)


def archive(trace: Trace, hosts: Sequence[str], file: Path) -> Path:
    """Write the exchanges as an archive of another tool, each to the next of the hosts."""
    entries = []
    for seen, host in zip(trace.observations, itertools.cycle(hosts), strict=False):
        assert isinstance(seen, Exchange)
        headers = [{"name": name, "value": value} for name, value in seen.request_headers.items()]
        request: dict[str, object] = {"method": seen.method, "url": f"https://{host}{seen.path}", "headers": headers}
        if seen.request_body:
            request["postData"] = {"mimeType": seen.request_headers.get("content-type"), "text": seen.request_body}
        content = {"text": seen.response_body, "mimeType": "application/json"}
        entries.append(
            {
                "startedDateTime": f"2026-01-01T00:{int(seen.wall) // 60:02d}:{seen.wall % 60:06.3f}Z",
                "time": seen.duration_ms,
                "request": request,
                "response": {"status": seen.status, "headers": [], "content": content},
                "connection": host,
            }
        )
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return file


def in_environments(clients: int = 2) -> Trace:
    """Return the trace of a test of a device in two environments at a time, with a client for each."""
    trace = Trace(now=0.0)
    for number in range(2):
        trace.token_value = f"t{number}"
        trace.client = f"client-{number % clients}"
        trace.token(f"t{number}")
    for _ in range(3):
        for number in range(2):
            trace.token_value = mask(f"t{number}")
            trace.preauthorize("ab")
        trace.wait(1)
    return trace


@pytest.mark.parametrize(
    ("hosts", "broken"),
    [
        (["api.auth.adobe.com", "api.auth-staging.adobe.com"], False),
        (["sp.auth.adobe.com", "sp-prequal.auth.adobe.com"], False),
        (["api.auth.adobe.com", "sp.auth.adobe.com"], True),
    ],
)
def test_each_environment_has_clients_of_its_own(hosts: list[str], broken: bool, tmp_path: Path) -> None:
    report = audit([archive(in_environments(), hosts, tmp_path / "test.har")], all_rules(), Expectations())
    found = {rule.id for rule in report.rules if rule.verdict == "violated"}

    assert (REUSED in found) is broken


def test_an_environment_is_a_space(tmp_path: Path) -> None:
    hosts = ["api.auth.adobe.com", "sp-prequal.auth.adobe.com", "api.auth-staging.adobe.com",
             "sp-prequal.auth-staging.adobe.com"]  # fmt: skip
    seen = list(read_traces([archive(in_environments(), hosts, tmp_path / "test.har")], Hosts()))

    assert [one.space for one in seen[:4]] == ["default", "prequal", "staging", "staging-prequal"]


# Addresses that change, and addresses of carriers


def test_an_address_may_be_given_to_another_device_overnight() -> None:
    evening, morning = Viewer("tv-1", "203.0.113.1"), Viewer("tv-2", "203.0.113.2")
    trace = Trace().start()
    trace.profiles(evening)
    trace.wait(8 * 3600)
    trace.profiles(morning, headers={"x-forwarded-for": evening.ip})

    assert FORWARDED not in violated(trace.observations)


def test_an_address_that_a_device_still_uses_is_not_that_of_another() -> None:
    one, other = Viewer("tv-1", "203.0.113.1"), Viewer("tv-2", "203.0.113.2")
    trace = Trace().start()
    for _ in range(8):
        trace.profiles(one)
        trace.wait(3000)
    trace.profiles(other, headers={"x-forwarded-for": one.ip})

    assert FORWARDED in violated(trace.observations)


@pytest.mark.parametrize(("peer", "broken"), [("10.0.0.1", False), ("203.0.113.9", True)])
def test_devices_with_ipv6_may_share_the_ipv4_address_of_their_carrier(peer: str, broken: bool) -> None:
    trace = Trace().start()
    for number in range(5):
        viewer = Viewer(f"tv-{number}", f"2001:db8::{number}")
        trace.profiles(viewer, headers={"x-forwarded-for": "203.0.113.9"}, ip="203.0.113.9", peer=f"{peer}:5000")

    assert (FORWARDED in violated(trace.observations)) is broken


@pytest.mark.parametrize(("elsewhere", "broken"), [(80, False), (0, True)])
def test_devices_of_a_carrier_do_not_fight_the_rate_limit(elsewhere: int, broken: bool) -> None:
    trace = Trace().start()
    for number in range(60):
        for device in range(8):
            trace.profiles(tv(device, "203.0.113.9"), status=429 if number > 10 and number % 3 == 0 else 200)
        for device in range(elsewhere):
            trace.profiles(tv(100 + device))
        trace.wait(1.5)

    assert ("errors.throttle-not-fought" in violated(trace.observations)) is broken


# Partner logins beside others

PARTNER = {"ap-partner-framework-status": encode("{}")}
SINGLE_SIGN_ON = "headers.single-sign-on"


def with_partner(*others: str) -> Trace:
    trace = Trace().start()
    profiles = trace.profile(86400.0, "Cablevision", *others)
    profiles["Cablevision"]["type"] = "appleSSO"
    trace.profiles(headers=PARTNER, answer={"profiles": profiles})
    return trace


@pytest.mark.parametrize("chosen", ["Spectrum", "TempPass"])
def test_a_chosen_profile_that_is_not_the_partners_needs_no_partner_status(chosen: str) -> None:
    trace = with_partner("Spectrum")
    trace.preauthorize(mvpd=chosen)
    trace.authorize(mvpd=chosen)
    trace.profiles(mvpd=chosen, answer={})

    assert SINGLE_SIGN_ON not in violated(trace.observations)


@pytest.mark.parametrize("others", [(), ("Spectrum",)])
def test_a_profile_of_the_partner_needs_its_status_beside_others(others: tuple[str, ...]) -> None:
    trace = with_partner(*others)
    trace.authorize(mvpd="TempPass")
    trace.authorize()

    assert SINGLE_SIGN_ON in violated(trace.observations)


# A data centre that does not know the tokens yet


def pressing(pause: float) -> Trace:
    """Return the trace of a viewer who presses play three times; each time the new token is refused, too."""
    trace = Trace().start()
    for press in range(3):
        for number in range(2):
            trace.authorize(status=401, answer=REFUSED)
            trace.token(f"u{press}{number}")
        trace.wait(pause)
    return trace


@pytest.mark.parametrize(("pause", "broken"), [(6, False), (1, True)])
def test_viewers_may_press_play_again_while_new_tokens_are_refused(pause: float, broken: bool) -> None:
    assert ("registration.unauthorized-renews-first" in violated(pressing(pause).observations)) is broken


def test_polls_in_a_row_with_refused_tokens_are_a_loop() -> None:
    trace = Trace().start()
    trace.session(viewer=VIEWER)
    for number in range(6):
        trace.poll(status=401, answer=REFUSED)
        trace.token(f"u{number}")
        trace.wait(5)

    assert "registration.unauthorized-renews-first" in violated(trace.observations)


# Bursts of connections


def rush(viewers: int, *, at_once: bool) -> Trace:
    """Return the trace of viewers who all come back after an outage, each on a connection of its own at first."""
    trace = Trace(takes=0.3).start()
    for number in range(viewers):
        trace.profiles(tv(number), connection=f"c{number}")
        trace.wait(-0.297 if at_once else 0.2)
    trace.wait(1)
    for number in range(viewers // 2):
        trace.profiles(tv(number), connection=f"c{number}")
    return trace


@pytest.mark.parametrize("at_once", [True, False])
def test_concurrent_calls_need_a_connection_each(at_once: bool) -> None:
    found = violated(rush(80, at_once=at_once).observations)

    assert ("environment.connections-reused" in found) is not at_once


# Logins that began before the trace

CHECKED = "authentication.profiles-checked-first"


@pytest.mark.parametrize(("after", "broken"), [(60, False), (600, True)])
def test_a_device_may_have_been_looked_up_before_the_trace(after: float, broken: bool) -> None:
    trace = Trace(token_value=mask("old"))
    trace.profiles(tv(1))
    trace.wait(after)
    trace.session(viewer=tv(2))

    assert (CHECKED in violated(trace.observations)) is broken


@pytest.mark.parametrize(
    ("code", "broken"),
    [
        ("authenticated_profile_expired", False),
        ("authenticated_profile_invalidated", False),
        ("authenticated_profile_missing", True),
    ],
)
def test_a_login_that_has_ended_needs_no_look_up(code: str, broken: bool) -> None:
    trace = Trace().start()
    denied = {"resource": "a", "authorized": False, "error": error(code, "authentication")}
    trace.authorize(answer={"decisions": [denied]})
    trace.session()

    assert (CHECKED in violated(trace.observations)) is broken


def test_a_login_after_a_logout_needs_no_look_up() -> None:
    trace = Trace().start()
    trace.logout()
    trace.session()

    assert CHECKED not in violated(trace.observations)


# A 429 that one of several machines received


@pytest.mark.parametrize(
    ("peer", "same", "broken"),
    [("10.0.0.2", False, False), ("10.0.0.2", True, True), ("10.0.0.1", False, True)],
    ids=["another-machine", "another-machine-repeats", "the-same-machine"],
)
def test_another_machine_of_the_service_does_not_know_of_a_429(peer: str, same: bool, broken: bool) -> None:
    trace = Trace().start()
    trace.session()
    trace.profiles(status=429, peer="10.0.0.1:5000")
    trace.wait(0.7)
    if same:
        trace.profiles(peer=f"{peer}:5000")
    else:
        trace.authorize(peer=f"{peer}:5000")

    assert ("errors.throttled-waits" in violated(trace.observations)) is broken


# Codes that a mock issues again: with --seed, they are the same after it was restarted


def logged_in_twice(*, issued_again: bool) -> Trace:
    trace = Trace().start()
    for _ in range(2):
        if issued_again or not trace.codes:
            trace.session(life=60)
        for number in range(3):
            trace.wait(3.5)
            trace.poll(found=number == 2)
        trace.wait(40)
    return trace


@pytest.mark.parametrize("issued_again", [True, False])
def test_a_code_that_is_issued_again_is_polled_again(issued_again: bool) -> None:
    rules = {"authentication.poll-stops-on-success", "authentication.poll-stops-on-expiry"}
    found = violated(logged_in_twice(issued_again=issued_again).observations)

    assert bool(found.keys() & rules) is not issued_again


def test_a_breaker_may_have_held_the_look_up_back() -> None:
    trace = Trace().start()
    for number in range(5):
        trace.profiles(tv(number), status=503)
    trace.wait(60)
    trace.session(viewer=tv(9))

    assert judge(trace.observations)[CHECKED].verdict is Verdict.INCONCLUSIVE


def test_an_instance_with_few_viewers_has_a_token_of_its_own() -> None:
    """For example a canary, beside the instances of the release before it."""
    trace = fleet(2, rounds=5)
    trace.token("canary")
    trace.profiles(tv(100))
    for nth in range(60):
        trace.wait(0.5)
        trace.token_value = mask(f"t{nth % 2}")
        trace.profiles(tv(nth))

    assert TOKEN_REUSED not in violated(trace.observations)


@pytest.mark.parametrize("in_progress", [3, 0])
def test_requests_in_progress_with_the_older_token_are_no_instance(in_progress: int) -> None:
    trace = Trace().start()
    for number in range(1, 6):
        trace.wait(60)
        trace.token(f"u{number}")
        trace.profiles(tv(1))
        for late in range(in_progress):
            trace.token_value = mask(f"u{number - 1}" if number > 1 else "t1")
            trace.profiles(tv(2 + late))
        trace.token_value = mask(f"u{number}")
        for viewer in range(20):
            trace.profiles(tv(viewer))

    assert TOKEN_REUSED in violated(trace.observations)


@pytest.mark.parametrize(("together", "broken"), [(True, False), (False, True)])
def test_instances_that_start_together_may_have_a_client_each(together: bool, broken: bool) -> None:
    trace = Trace()
    for number in range(3 if together else 1):
        trace.register(f"client-{number}")
        trace.token(f"t{number}")
    for number in range(3):
        if number and not together:
            trace.register(f"client-{number}")
            trace.token(f"t{number}")
        for viewer in range(2):
            trace.token_value = mask(f"t{number}")
            trace.profiles(tv(10 * number + viewer))

    assert (REUSED in violated(trace.observations)) is broken


def at_home(instances: int, *, sticky: bool) -> Trace:
    """Return the trace of instances with a token and an address each, whose viewers open a catalogue twice."""
    trace = fleet(instances, rounds=30)
    for number in range(instances):
        for again in range(2):
            nth = number if sticky else (number + again) % instances
            trace.token_value = mask(f"t{nth}")
            peer = f"10.0.0.{nth}:5000"
            trace.configuration(tv(number), peer=peer, connection=f"{peer} {again}")
            trace.preauthorize(["a"], tv(number), peer=peer)
            trace.wait(2)
    return trace


@pytest.mark.parametrize(("sticky", "broken"), [(True, True), (False, False)])
def test_each_of_many_instances_caches_permits(sticky: bool, broken: bool) -> None:
    found = violated(at_home(12, sticky=sticky).observations)

    assert ("preauthorization.permits-cached" in found) is broken


def test_many_instances_without_a_cache_of_the_configuration_are_a_violation() -> None:
    trace = fleet(12, rounds=30)
    for nth in range(60):
        trace.token_value = mask(f"t{nth % 12}")
        trace.configuration(tv(nth), peer=f"10.0.0.{nth % 12}:5000", connection=f"c{nth}")
        trace.wait(0.2)

    assert "configuration.cached" in violated(trace.observations)


def released(*, side_by_side: bool, known: bool = False) -> Trace:
    """Return the trace of a release that registers a client, beside one that is in use for some time or no more."""
    trace = Trace()
    if known:
        trace.register("client-1")
    trace.token("t1", client="client-1")
    for number in range(4):
        trace.profiles(tv(number))
        trace.wait(5)
    trace.register("client-2")
    trace.token("t2")
    for number in range(4):
        trace.token_value = mask("t2")
        trace.profiles(tv(number))
        if side_by_side:
            trace.wait(2)
            trace.token_value = mask("t1")
            trace.profiles(tv(10 + number))
        trace.wait(5)
    return trace


@pytest.mark.parametrize(
    ("side_by_side", "known", "verdict"),
    [(True, False, Verdict.INCONCLUSIVE), (False, False, Verdict.VIOLATED), (True, True, Verdict.VIOLATED)],
    ids=["perhaps-another-application", "lost-credentials", "the-same-application"],
)
def test_a_release_may_bring_an_application_beside_one_from_before_the_trace(
    side_by_side: bool, known: bool, verdict: Verdict
) -> None:
    assert judge(released(side_by_side=side_by_side, known=known).observations)[REUSED].verdict is verdict
