"""Breaches in registration and headers that resemble compliant conduct, each beside legitimate conduct."""

from __future__ import annotations

import base64
import hashlib
import json

import msgspec
import pytest
from conformance_traces import Trace, error
from trace_verdicts import audited, judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.facts.headers import SAMPLE_OF_THE_API_PAGES
from pass_harness.conformance.observation import VerbCall
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer, encode

REFUSED = error("invalid_access_token_client_application", "application-registration", 401)
REFUSED_FOR_PROVIDER = error("invalid_access_token_service_provider", "application-registration", 401)
IDENTIFIER = "headers.device-identifier"
TRUTHFUL = "headers.device-info-truthful"
SINGLE_SIGN_ON = "headers.single-sign-on"
REUSED = "registration.credentials-reused"


def verdict(trace: Trace, rule: str) -> Verdict:
    return judge(trace.observations)[rule].verdict


# Values that look right


@pytest.mark.parametrize(
    "sent", ["[object Promise]", "[object Object]", "System.Threading.Tasks.Task`1[System.String]"]
)
def test_a_token_that_nobody_has_waited_for_is_none(sent: str) -> None:
    trace = Trace().start()
    trace.profiles(headers={"authorization": f"Bearer {mask(sent)}"}, status=401, answer=REFUSED)

    assert "headers.authorization" in violated(trace.observations)


NO_IDENTIFIERS = [
    b"[object Object]",
    b"<nil>",
    b"unknown",
    b"02:00:00:00:00:00",
    b"00000000-0000-0000-0000-000000000000",
    bytes(16),
    hashlib.sha256(b"").digest(),
    hashlib.sha256(b"").hexdigest().encode(),
    hashlib.sha256(b"undefined").hexdigest().upper().encode(),
    hashlib.md5(b"null", usedforsecurity=False).hexdigest().encode(),
]


@pytest.mark.parametrize("identifier", NO_IDENTIFIERS)
def test_an_identifier_that_all_devices_share_is_none(identifier: bytes) -> None:
    trace = Trace().start()
    trace.profiles(headers={"ap-device-identifier": f"fingerprint {base64.b64encode(identifier).decode()}"})

    assert IDENTIFIER in violated(trace.observations)


@pytest.mark.parametrize("identifier", [hashlib.sha256(b"device-1").digest(), b"unknown-7", b"02:00:00:00:00:01"])
def test_other_identifiers_pass(identifier: bytes) -> None:
    trace = Trace().start()
    trace.profiles(headers={"ap-device-identifier": f"fingerprint {base64.b64encode(identifier).decode()}"})

    silent(trace, IDENTIFIER)


def described_in_start(info: str) -> Trace:
    trace = Trace().start()
    with trace.verb("start"):
        trace.profiles(headers={"x-device-info": info})
    return trace


def test_the_value_of_adobes_samples_describes_no_other_device() -> None:
    assert verdict(described_in_start(SAMPLE_OF_THE_API_PAGES), TRUTHFUL) is Verdict.VIOLATED


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"applicationId": "REF30", "connectionType": "LAN"}, Verdict.NOT_EXERCISED),
        ({"applicationId": "REF30", "osName": "tvOS"}, Verdict.PASSED),
        ({"applicationId": "REF30", "osName": "Linux"}, Verdict.VIOLATED),
    ],
)
def test_facts_that_nothing_compares_are_not_true(facts: dict[str, str], expected: Verdict) -> None:
    assert verdict(described_in_start(encode(json.dumps(facts))), TRUTHFUL) is expected


def test_an_empty_header_names_no_identity() -> None:
    trace = Trace().start()
    trace.session(headers={"ad-service-token": "sha256:1"})
    trace.wait(10)
    trace.authorize(headers={"ad-service-token": ""})

    assert SINGLE_SIGN_ON in violated(trace.observations)


def test_a_device_without_an_identity_may_send_an_empty_header_or_none() -> None:
    trace = Trace().start()
    trace.session(headers={"ad-service-token": ""})
    trace.wait(10)
    trace.authorize()

    assert SINGLE_SIGN_ON not in violated(trace.observations)


# Refusals that are over


def refused_once(refusal: dict[str, object] = REFUSED) -> Trace:
    """Return the trace of a service that got a new token rejected, and another one accepted."""
    trace = Trace().start()
    trace.profiles(status=401, answer=refusal)
    trace.token("t2")
    trace.profiles()
    trace.profiles(OTHER)
    return trace


def registered_again(trace: Trace, *, after: float) -> set[str]:
    trace.wait(after)
    trace.register("client-2")
    trace.token("t3")
    trace.profiles()
    return {rule for rule in violated(trace.observations) if rule.startswith("registration.credentials")}


def test_a_refusal_that_was_a_fault_excuses_no_later_registration() -> None:
    assert registered_again(refused_once(), after=3600) == {REUSED}


def test_a_refusal_that_was_a_fault_excuses_no_loss_in_a_restart() -> None:
    trace = refused_once()
    trace.wait(3600)
    trace.ask("restart")

    assert registered_again(trace, after=0) == {REUSED, "registration.credentials-survive-restart"}


def test_another_instance_may_go_on_with_a_refused_client() -> None:
    assert registered_again(refused_once(), after=5) == set()


def test_a_refusal_for_one_service_provider_is_never_over() -> None:
    assert registered_again(refused_once(REFUSED_FOR_PROVIDER), after=3600) == set()


# Identifiers that stand for no device

PHONE = {"primaryHardwareType": "MobilePhone", "osName": "iOS"}
TABLET = {"primaryHardwareType": "Tablet", "osName": "iPadOS"}
TELEVISION = {"primaryHardwareType": "TV", "osName": "webOS"}
APPLE_TV = {"primaryHardwareType": "SetTopBox", "osName": "tvOS"}
STABLE = "headers.device-identifier-stable"


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((PHONE, TABLET, TELEVISION), Verdict.VIOLATED),
        ((PHONE, PHONE, TELEVISION), Verdict.NOT_EXERCISED),
        ((APPLE_TV, {**APPLE_TV, "primaryHardwareType": "TV"}, {"model": "AppleTV"}, {}), Verdict.NOT_EXERCISED),
    ],
)
def test_the_account_of_a_viewer_is_no_identifier_of_a_device(
    kinds: tuple[dict[str, str], ...], expected: Verdict
) -> None:
    trace = Trace().start()
    for facts in kinds:
        trace.profiles(headers={"x-device-info": encode(json.dumps({"connectionType": "WiFi", **facts}))})

    assert audited(STABLE, trace) is expected


# A browser's User-Agent in the place of X-Device-Info

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("hardware", "own", "expected"),
    [
        ("SetTopBox", False, Verdict.VIOLATED),
        ("Desktop", False, Verdict.PASSED),
        ("TV", True, Verdict.NOT_EXERCISED),
    ],
)
def test_a_user_agent_describes_browsers_alone(hardware: str, own: bool, expected: Verdict) -> None:
    trace = Trace().start()
    with trace.verb("start"):
        trace.profiles(headers={"x-device-info": None, "user-agent": CHROME})
    call = trace.observations[-1]
    assert isinstance(call, VerbCall)
    facts = {**call.facts, "primaryHardwareType": hardware, **({"userAgent": CHROME} if own else {})}
    trace.observations[-1] = msgspec.structs.replace(call, facts=facts)

    assert verdict(trace, TRUTHFUL) is expected


# Bodies that only begin like JSON


@pytest.mark.parametrize("body", ["[object Object]", "{resources=[a]}", "{'resources': ['a']}"])
def test_an_object_printed_by_a_language_is_no_json(body: str) -> None:
    trace = Trace().start()
    trace.authorize(body=body, status=400, answer=error("invalid_parameter_resources", status=400))

    assert "headers.content-type" in violated(trace.observations)


@pytest.mark.parametrize(("body", "status"), [("{}", 400), ('["a"]', 400), ('{"resources": [', 200)])
def test_json_that_adobe_pass_refuses_and_cut_bodies_pass(body: str, status: int) -> None:
    trace = Trace().start()
    trace.authorize(body=body, status=status, answer=error("invalid_parameter_resources", status=status))

    assert "headers.content-type" not in violated(trace.observations)


# Loops on refusals

RENEWS = "registration.unauthorized-renews-first"


@pytest.mark.parametrize("registers", [True, False])
@pytest.mark.parametrize(
    ("times", "pause", "expected"),
    [
        (4, 3, Verdict.NOT_EXERCISED),
        (5, 3, Verdict.VIOLATED),
        (9, 50, Verdict.NOT_EXERCISED),
    ],
)
def test_a_client_that_is_refused_again_and_again_is_a_loop(
    registers: bool, times: int, pause: float, expected: Verdict
) -> None:
    trace = Trace().start()
    for number in range(times):
        if registers:
            trace.register(f"client-{number}")
            trace.token(f"token-{number}")
        trace.profiles(status=401, answer=REFUSED_FOR_PROVIDER)
        trace.wait(pause)

    assert audited(RENEWS, trace) is expected


def test_viewers_of_a_refused_client_may_try_again() -> None:
    trace = Trace().start()
    for _ in range(6):
        with trace.verb("start"):
            trace.profiles(status=401, answer=REFUSED_FOR_PROVIDER)
        trace.wait(3)

    assert RENEWS not in violated(trace.observations)


# Addresses in polls

FORWARDED = "headers.forwarded-for"


def polled_from(address: str, *, started_from: str = VIEWER.ip, peer: str = "127.0.0.1:50000") -> Trace:
    """Return a login whose polls bear this address; the service itself calls from ``peer``."""
    trace = Trace().start()
    trace.session(viewer=Viewer(VIEWER.device, started_from))
    for _ in range(4):
        trace.wait(4)
        trace.poll(headers={"x-forwarded-for": address}, ip=address, peer=peer)
    return trace


def test_polls_must_not_bear_the_address_of_the_service() -> None:
    assert audited(FORWARDED, polled_from("127.0.0.1")) is Verdict.VIOLATED


@pytest.mark.parametrize(
    "trace",
    [
        polled_from(VIEWER.ip),
        polled_from("203.0.113.7"),
        polled_from("127.0.0.1", peer="10.0.0.5:443"),
        polled_from("127.0.0.1", peer="127.0.0.1:0"),
        polled_from("127.0.0.1", started_from="127.0.0.1"),
    ],
)
def test_a_device_may_poll_from_another_network(trace: Trace) -> None:
    assert audited(FORWARDED, trace) is not Verdict.VIOLATED


def test_a_browser_beside_the_service_may_look_a_code_up() -> None:
    trace = Trace().start()
    trace.session()
    for number in range(4):
        trace.wait(4)
        trace.poll()
        if number < 2:
            trace.poll(headers={"x-forwarded-for": "127.0.0.1", "user-agent": "Mozilla/5.0"}, ip="127.0.0.1")

    assert audited(FORWARDED, trace) is not Verdict.VIOLATED
