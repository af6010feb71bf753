"""Services of other designs: several providers and statements, old tokens, proxies, and headers of other forms."""

from __future__ import annotations

import json

import msgspec
import pytest
from conformance_traces import MVPD, Trace, error
from trace_verdicts import audited, violated

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.observation import Observation
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.masking import Masker, mask
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer, encode

REFUSED = error("invalid_access_token_client_application", "application-registration", 401)
ANOTHER = "adobe"
REUSED = "registration.credentials-reused"
SINGLE_SIGN_ON = "headers.single-sign-on"
PARTNER = {"ap-partner-framework-status": encode("{}")}


def for_another_provider(seen: Observation) -> Observation:
    assert isinstance(seen, Exchange)
    return msgspec.structs.replace(seen, service_provider=ANOTHER, path=seen.path.replace("/REF30/", f"/{ANOTHER}/"))


# Several service providers


def served_two_providers(*, second: str = ANOTHER) -> Trace:
    """Return the trace of a service that registers a client for each service provider, with one statement."""
    trace = Trace().start()
    trace.profiles(VIEWER)
    trace.profiles(OTHER)
    trace.register("client-2")
    trace.token("t2")
    for viewer in (Viewer("device-3", "198.18.0.3"), Viewer("device-4", "198.18.0.4")):
        trace.profiles(viewer)
        if second == ANOTHER:
            trace.observations[-1] = for_another_provider(trace.observations[-1])
    return trace


def test_each_service_provider_may_have_a_client() -> None:
    assert REUSED not in violated(served_two_providers().observations)


def test_a_second_client_for_one_service_provider_is_a_violation() -> None:
    assert REUSED in violated(served_two_providers(second="REF30").observations)


def test_a_client_that_no_device_has_used_may_be_for_another_provider() -> None:
    """A service that registers for each brand at its start, in a record with viewers of one brand alone."""
    trace = Trace().start()
    trace.register("client-2")
    trace.token("t2", client="client-2")
    trace.token_value = mask("t1")
    trace.profiles(VIEWER)
    trace.profiles(OTHER)
    assert audited(REUSED, trace) is Verdict.PASSED

    trace.token_value = mask("t2")
    trace.profiles(VIEWER)
    assert audited(REUSED, trace) is Verdict.VIOLATED


def test_an_application_with_another_software_statement_has_a_client_of_its_own() -> None:
    trace = Trace().start()
    trace.profiles()
    trace.register("client-2")
    body = json.dumps({"software_statement": mask("another software statement")})
    trace.observations[-1] = msgspec.structs.replace(trace.observations[-1], request_body=body)
    trace.token("t2", client="client-2")
    for token in ("t1", "t2", "t1", "t2"):
        trace.token_value = mask(token)
        trace.profiles()

    assert REUSED not in violated(trace.observations)


def test_credentials_that_are_refused_in_json_are_refused() -> None:
    trace = Trace().start()
    trace.profiles(VIEWER)
    trace.profiles(OTHER)
    trace.token(error="invalid_client")
    sent = json.dumps({"grant_type": "client_credentials", "client_id": "client-1", "client_secret": mask("s")})
    trace.observations[-1] = msgspec.structs.replace(trace.observations[-1], request_body=sent, client_id=None)
    trace.register("client-2")
    trace.token("t2")
    trace.profiles(VIEWER)

    assert REUSED not in violated(trace.observations)


def test_a_device_has_an_identity_for_one_service_provider() -> None:
    trace = Trace().start()
    trace.session(headers={"ad-service-token": "sha256:1"})
    trace.session("BBBBBBB")
    trace.observations[-1] = for_another_provider(trace.observations[-1])

    assert SINGLE_SIGN_ON not in violated(trace.observations)


# Identities that Adobe Pass does not accept


def test_an_identity_that_adobe_pass_refused_is_left_out() -> None:
    trace = Trace().start()
    trace.profiles(headers=PARTNER)
    trace.profiles(headers=PARTNER, status=400, answer=error("invalid_header_pfs_provider_info_expired", status=400))
    trace.session()
    trace.authorize()

    assert SINGLE_SIGN_ON not in violated(trace.observations)


@pytest.mark.parametrize(("action", "violates"), [("authenticate", False), ("resume", False), ("authorize", True)])
def test_a_partner_login_that_falls_back_to_the_basic_flow_ends_the_identity(action: str, violates: bool) -> None:
    reason = "authenticatedSSO" if action == "authorize" else "pfs_fallback"
    trace = Trace().start()
    trace.profiles(headers=PARTNER)
    trace.call(
        "sessions.partner", "sessions/sso/Apple", method="POST", headers=PARTNER, code="AAAAAAA",
        answer={"actionName": action, "reasonType": reason, "code": "AAAAAAA"},
    )  # fmt: skip
    trace.authorize()

    assert (SINGLE_SIGN_ON in violated(trace.observations)) is violates


# Tokens from before the trace

RENEWS = "registration.unauthorized-renews-first"


def old_token() -> Trace:
    return Trace(token_value=mask("old"))


def test_a_rejected_token_from_before_the_trace_must_not_be_sent_again() -> None:
    trace = old_token()
    for _ in range(5):
        trace.profiles(status=401, answer=REFUSED)
        trace.wait(2)

    assert RENEWS in violated(trace.observations)
    assert audited(RENEWS, trace) is Verdict.VIOLATED


def test_a_token_from_before_the_trace_may_be_renewed() -> None:
    trace = old_token()
    trace.profiles(status=401, answer=REFUSED)
    trace.profiles(OTHER, status=401, answer=REFUSED)
    trace.token("t1")
    trace.profiles()
    trace.profiles(OTHER)

    assert RENEWS not in violated(trace.observations)


def test_a_token_from_before_the_trace_that_works_again_may_be_used() -> None:
    trace = old_token()
    trace.profiles(status=401, answer=REFUSED)
    for pause in (1, 30):
        trace.wait(pause)
        trace.profiles()

    assert RENEWS not in violated(trace.observations)


# Bodies and headers


def test_json_is_no_form_whatever_its_content_type() -> None:
    trace = Trace().start()
    trace.session()
    sent = json.dumps({"mvpd": MVPD, "domainName": "adobe.com", "redirectUrl": "https://adobe.com/"})
    trace.observations[-1] = msgspec.structs.replace(trace.observations[-1], request_body=sent)

    assert "headers.content-type" in violated(trace.observations)


def test_a_form_is_no_json_whatever_its_content_type() -> None:
    trace = Trace().start()
    trace.authorize(body="resources=a")

    assert "headers.content-type" in violated(trace.observations)


@pytest.mark.parametrize("sent", ["null", "undefined", "None", "nil"])
def test_a_word_for_nothing_is_no_access_token(sent: str) -> None:
    trace = Trace().start()
    trace.profiles(headers={"authorization": f"Bearer {mask(sent)}"}, status=401, answer=REFUSED)

    assert "headers.authorization" in violated(trace.observations)


@pytest.mark.parametrize("sent", ["Bearer Bearer hush-4711", "bearer  Bearer  hush-4711"])
def test_a_scheme_in_an_access_token_shows_in_a_record(sent: str) -> None:
    trace = Trace().start()
    trace.profiles(headers={"authorization": Masker().header("authorization", sent)}, status=401, answer=REFUSED)

    assert "headers.authorization" in violated(trace.observations)
    assert "hush" not in str(trace.observations)


@pytest.mark.parametrize("digits", ["0123456789abcdef" * 4, "9F86D081884C7D65", "900150983cd24fb0d6963f7d28e17f72"])
def test_a_hexadecimal_identifier_is_not_base64(digits: str) -> None:
    trace = Trace().start()
    trace.profiles(headers={"ap-device-identifier": f"fingerprint {digits}"})

    assert "headers.device-identifier" in violated(trace.observations)


@pytest.mark.parametrize("sent", ["null", "None", encode("null"), encode("undefined"), encode("None"), encode("nil")])
def test_a_word_for_nothing_is_no_identifier(sent: str) -> None:
    """Its first two spellings are Base64, too: they decode to three bytes."""
    trace = Trace().start()
    trace.profiles(headers={"ap-device-identifier": f"fingerprint {sent}"})

    assert "headers.device-identifier" in violated(trace.observations)


# Proxies and connections


def behind_a_proxy(address: str) -> Trace:
    """Return the trace of a service whose proxy adds ``address`` to X-Forwarded-For."""
    trace = Trace()
    trace.register(viewer=None)
    trace.token(viewer=None)
    for at, seen in enumerate(trace.observations):
        assert isinstance(seen, Exchange)
        headers = {**seen.request_headers, "x-forwarded-for": address}
        trace.observations[at] = msgspec.structs.replace(seen, request_headers=headers, ip=address)
    trace.profiles(headers={"x-forwarded-for": f"{VIEWER.ip}, 10.0.0.5"})
    return trace


@pytest.mark.parametrize(("address", "verdict"), [("10.0.0.5", Verdict.NOT_EXERCISED), (VIEWER.ip, Verdict.VIOLATED)])
def test_the_address_that_a_proxy_adds_is_no_devices(address: str, verdict: Verdict) -> None:
    assert audited("headers.device-info-on-registration", behind_a_proxy(address)) is verdict


@pytest.mark.parametrize(("pause", "violates"), [(10.0, False), (1.0, True)])
def test_connections_that_were_idle_may_be_closed(pause: float, violates: bool) -> None:
    trace = Trace().start()
    for number in range(60):
        trace.profiles(connection=f"c{number}")
        trace.wait(pause)

    assert ("environment.connections-reused" in violated(trace.observations)) is violates


@pytest.mark.parametrize(
    ("calls", "each", "registers", "verdict"),
    [
        (100, 60, False, Verdict.NOT_EXERCISED),
        (100, 60, True, Verdict.VIOLATED),
        (100, 100, False, Verdict.NOT_EXERCISED),
        (400, 400, False, Verdict.VIOLATED),
        (400, 60, False, Verdict.PASSED),
    ],
)
def test_connections_may_have_been_open_before_the_record_began(
    calls: int, each: int, verdict: Verdict, *, registers: bool
) -> None:
    trace = Trace(token_value=mask("old"))
    if registers:
        trace.start()
    for number in range(calls):
        trace.profiles(Viewer(f"tv-{number}", "198.18.0.9"), connection=f"c{number % each}")
        trace.wait(0.01)

    assert audited("environment.connections-reused", trace) is verdict


def test_without_connections_a_repetition_may_follow_a_restart() -> None:
    trace = Trace().start()
    for _ in range(2):
        trace.configuration(device=None, headers={"x-forwarded-for": None}, connection="")
        trace.wait(40)

    assert audited("configuration.cached", trace) is Verdict.NOT_EXERCISED
