"""Exchanges belong to the device of their code or identifier; the address in X-Forwarded-For proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conformance_traces import Trace
from trace_verdicts import judge, merged

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.facts.devices import UNATTRIBUTED, Devices
from pass_harness.conformance.facts.sessions import Sessions
from pass_harness.conformance.observation import VerbCall
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer

SERVER = "127.0.0.1"


class Service:
    """The traffic of a service that names devices in its own way."""

    def __init__(self, trace: Trace, named: Callable[[str], str], address: Callable[[str], str]) -> None:
        self.trace = trace
        self._named = named
        self._address = address

    def sent(self, viewer: Viewer) -> Viewer:
        """Return the viewer as Adobe Pass sees it."""
        return Viewer(self._named(viewer.device), self._address(viewer.ip))

    def log_in(self, viewer: Viewer, code: str) -> None:
        with self.trace.verb("login", viewer, screen="secondary") as returns:
            self.trace.session(code, self.sent(viewer))
            returns["code"] = code
        self.trace.wait(3.5).poll(code)
        self.trace.wait(3.5).poll(code, found=True)

    def play(self, viewer: Viewer, media: str, *, authorizes: bool = True) -> None:
        with self.trace.verb("play", viewer, resource="a") as returns:
            if authorizes:
                self.trace.authorize(viewer=self.sent(viewer), media=media)
            returns.update(allowed=True, media_token=media)
        self.trace.ask("stop", viewer)


def hashed(device: str) -> str:
    return f"#{device}"


def own(_: str) -> str:
    return SERVER


def neighbours(ip: str) -> str:
    return OTHER.ip if ip == VIEWER.ip else VIEWER.ip


@pytest.mark.parametrize("address", [own, neighbours])
def test_a_hashed_identifier_and_a_wrong_address_accuse_no_playback(address: Callable[[str], str]) -> None:
    service = Service(Trace().start(), hashed, address)
    for viewer, code in ((VIEWER, "AAAAAAA"), (OTHER, "BBBBBBB")):
        service.log_in(viewer, code)
    service.play(VIEWER, "m1")
    service.play(OTHER, "m2")

    results = judge(service.trace.observations)
    assert results["authorization.every-playback-authorized"].verdict is Verdict.PASSED
    assert results["authorization.every-playback-authorized"].opportunities == 2


def test_a_playback_without_authorization_is_found_whatever_the_address() -> None:
    service = Service(Trace().start(), hashed, own)
    service.log_in(VIEWER, "AAAAAAA")
    service.play(VIEWER, "m1", authorizes=False)

    assert judge(service.trace.observations)["authorization.every-playback-authorized"].verdict is Verdict.VIOLATED


def test_requests_that_may_be_anybodys_make_their_absence_inconclusive() -> None:
    """Two viewers act at once, neither has logged in, and nothing names their devices."""
    first, second = Trace().start(), Trace()
    second.token_value = first.token_value
    for trace, viewer in ((first, VIEWER), (second, OTHER)):
        trace.now = 200.0
        Service(trace, lambda _: "#", own).play(viewer, viewer.device)

    result = judge(merged(first, second))["authorization.every-playback-authorized"]
    assert (result.verdict, result.reasons) == (Verdict.INCONCLUSIVE, (UNATTRIBUTED,))


def test_a_logout_that_may_be_anybodys_makes_its_absence_inconclusive() -> None:
    trace = Trace().start()
    trace.log_in()
    other = Trace()
    other.token_value = trace.token_value
    trace.now = other.now = 300.0
    with trace.verb("logout", VIEWER):
        pass
    with other.verb("logout", OTHER):
        other.logout(Viewer("#", SERVER))

    assert judge(merged(trace, other))["logout.on-request"].verdict is Verdict.INCONCLUSIVE


def learned(*calls: VerbCall, trace: Trace) -> Devices:
    devices = Devices(Sessions(), driven=True)
    devices.learn([*trace.observations, *calls])
    return devices


def test_the_code_of_a_login_shows_the_identifier() -> None:
    service = Service(Trace(), hashed, own)
    service.log_in(VIEWER, "AAAAAAA")

    devices = learned(trace=service.trace)
    assert devices.identifiers(VIEWER.device) == ("#device-1",)
    assert devices.owners("#device-1") == (VIEWER.device,)


def test_a_verb_alone_shows_the_identifier_unless_the_address_is_another_devices() -> None:
    trace = Trace()
    for viewer, sent in ((VIEWER, Viewer("#1", SERVER)), (OTHER, Viewer("#2", VIEWER.ip))):
        with trace.verb("play", viewer):
            trace.profiles(sent)
            trace.wait(0.1)

    devices = learned(trace=trace)
    assert devices.owners("#1") == (VIEWER.device,)
    assert devices.owners("#2") == (OTHER.device,)  # the only device whose verbs cover all of its requests


def test_an_identifier_whose_requests_no_single_device_covers_stays_unknown() -> None:
    first, second = Trace(), Trace()
    with first.verb("play", VIEWER), second.verb("play", OTHER):
        first.profiles(Viewer("#", SERVER))

    assert learned(*second.observations, trace=first).owners("#") == ()  # type: ignore[arg-type] # verbs alone


def test_a_shared_identifier_is_told_apart_by_the_address() -> None:
    trace = Trace().start()
    for viewer, code in ((VIEWER, "AAAAAAA"), (OTHER, "BBBBBBB")):
        Service(trace, lambda _: "#", str).log_in(viewer, code)
    trace.wait(1)
    with trace.verb("play", OTHER):
        mine = trace.profiles(Viewer("#", OTHER.ip))
        trace.profiles(Viewer("#", VIEWER.ip))
    call = trace.observations[-1]
    assert isinstance(call, VerbCall)

    devices = Devices(Sessions(), driven=True)
    devices.learn(trace.observations)
    for seen in trace.observations:
        devices.observe(seen)
    assert devices.during(call) == [mine]


def test_a_household_shares_its_address_and_not_its_identifiers() -> None:
    trace = Trace().start()
    home: dict[str, Any] = {"ip": VIEWER.ip}
    tv, phone = Viewer("tv", **home), Viewer("phone", **home)
    with trace.verb("play", tv):
        trace.profiles(phone)
        mine = trace.profiles(tv)
    call = trace.observations[-1]
    assert isinstance(call, VerbCall)
    devices = Devices(Sessions(), driven=True)
    with trace.verb("status", phone):
        pass
    devices.learn(trace.observations)
    for seen in trace.observations:
        devices.observe(seen)
    assert devices.during(call) == [mine]


@pytest.mark.parametrize(("logs_in_again", "verdict"), [(True, Verdict.VIOLATED), (False, Verdict.INCONCLUSIVE)])
def test_a_new_identifier_in_a_login_is_certain_although_the_mock_lagged(
    logs_in_again: bool, verdict: Verdict
) -> None:
    trace = Trace(lag_ms=600).start()
    for session, device in enumerate(("first", "second")):
        viewer = Viewer(device, VIEWER.ip)
        with trace.verb("login", VIEWER, screen="secondary") as returns:
            trace.profiles(viewer)
            if logs_in_again or session == 0:
                returns["code"] = f"AAAAAA{session}"
                trace.session(returns["code"], viewer)

    assert judge(trace.observations)["headers.device-identifier-stable"].verdict is verdict
