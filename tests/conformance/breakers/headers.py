"""The shortest violating traces for the rules of headers."""

from __future__ import annotations

import json

from conformance_traces import MVPD, Trace
from sso_traces import issued, listed, unlinked

from breakers.registered import breaks
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer, encode


@breaks("headers.authorization", "absent")
def sends_no_token(trace: Trace) -> None:
    trace.configuration(headers={"authorization": None})


@breaks("headers.authorization", "not-bearer")
def sends_another_scheme(trace: Trace) -> None:
    trace.configuration(headers={"authorization": "Basic dTpw"})


@breaks("headers.device-identifier", "not-base64")
def sends_the_identifier_in_clear(trace: Trace) -> None:
    trace.profiles(headers={"ap-device-identifier": "fingerprint ba23d141-d715-561c-94f4-e9e4c966b1eb"})


@breaks("headers.device-identifier", "absent")
def sends_no_identifier(trace: Trace) -> None:
    trace.profiles(headers={"ap-device-identifier": None})


@breaks("headers.device-identifier", "other-form")
def sends_the_identifier_without_its_type(trace: Trace) -> None:
    trace.profiles(headers={"ap-device-identifier": encode("device-1")})


@breaks("headers.device-identifier-stable", "several")
def makes_an_identifier_up(trace: Trace) -> None:
    trace.ask("start")
    trace.profiles(VIEWER)
    trace.profiles(Viewer("made-up", VIEWER.ip))
    trace.ask("status")


@breaks("headers.device-identifier-stable", "of-another-device")
def sends_one_identifier_for_all(trace: Trace) -> None:
    for viewer in (VIEWER, OTHER):
        with trace.verb("start", viewer):
            trace.profiles(Viewer(VIEWER.device, viewer.ip))


@breaks("headers.device-identifier-stable", "of-several-devices")
def sends_the_account_of_the_viewer(trace: Trace) -> None:
    for hardware, system in (("SetTopBox", "tvOS"), ("MobilePhone", "iOS"), ("Tablet", "iOS")):
        info = {"primaryHardwareType": hardware, "osName": system}
        trace.profiles(headers={"x-device-info": encode(json.dumps(info))})


@breaks("headers.device-info", "absent")
def sends_no_device_info(trace: Trace) -> None:
    trace.profiles(headers={"x-device-info": None})


@breaks("headers.device-info", "not-a-json-object")
def sends_device_info_in_clear(trace: Trace) -> None:
    trace.profiles(headers={"x-device-info": '{"model": "TV"}'})


@breaks("headers.device-info", "value-not-allowed")
def sends_an_unknown_hardware_type(trace: Trace) -> None:
    trace.profiles(headers={"x-device-info": encode('{"primaryHardwareType": "Toaster"}')})


@breaks("headers.device-info-complete", "facts-missing")
def leaves_the_port_out(trace: Trace) -> None:
    trace.profiles(headers={"x-device-info": encode('{"model": "TV", "osName": "tvOS"}')})


@breaks("headers.device-info-truthful", "facts-untrue")
def describes_the_server(trace: Trace) -> None:
    with trace.verb("start"):
        trace.profiles(headers={"x-device-info": encode('{"primaryHardwareType": "Desktop", "osName": "Linux"}')})


@breaks("headers.forwarded-for", "no-device")
def sends_its_own_address(trace: Trace) -> None:
    with trace.verb("start"):
        trace.profiles(headers={"x-forwarded-for": "127.0.0.1"}, ip="127.0.0.1")


@breaks("headers.forwarded-for", "absent")
def sends_no_address(trace: Trace) -> None:
    trace.profiles(headers={"x-forwarded-for": None})


@breaks("headers.forwarded-for", "not-an-address")
def sends_a_word_for_an_address(trace: Trace) -> None:
    trace.profiles(headers={"x-forwarded-for": "unknown"})


@breaks("headers.forwarded-for", "another-device")
def sends_the_address_of_the_previous_viewer(trace: Trace) -> None:
    trace.ask("start", VIEWER)
    trace.ask("start", OTHER)
    trace.wait(1)
    with trace.verb("play", OTHER):
        trace.profiles(OTHER, headers={"x-forwarded-for": VIEWER.ip}, ip=VIEWER.ip)


@breaks("headers.forwarded-for", "other-than-connection-ip")
def contradicts_the_connection_ip(trace: Trace) -> None:
    for number in range(3):
        trace.profiles(Viewer(f"device-{number}", f"203.0.113.{number}"), headers={"x-forwarded-for": "198.51.100.1"})


@breaks("headers.visitor-identifier-passed", "absent")
def keeps_the_visitor_to_itself(trace: Trace) -> None:
    with trace.verb("start", visitor="12345678901234567890123456789012345678"):
        trace.profiles()


@breaks("headers.visitor-identifier-passed", "altered")
def makes_a_visitor_up(trace: Trace) -> None:
    with trace.verb("start", visitor="12345678901234567890123456789012345678"):
        trace.profiles(headers={"ap-visitor-identifier": "1"})


@breaks("headers.accept", "other-media-type")
def accepts_xml(trace: Trace) -> None:
    trace.configuration(headers={"accept": "application/xml, text/html;q=0.9"})


@breaks("headers.device-info-on-registration", "absent")
def registers_a_device_without_describing_it(trace: Trace) -> None:
    trace.ask("start")
    trace.exchange("dcr.register", "/o/client/register", method="POST", device=None)
    trace.profiles()


@breaks("headers.single-sign-on", "left-out")
def identifies_the_viewer_at_login_alone(trace: Trace) -> None:
    trace.session(headers={"ad-service-token": "sha256:1"})
    trace.wait(10)
    trace.authorize()


@breaks("headers.content-type", "other-type")
def sends_json_to_sessions(trace: Trace) -> None:
    trace.session(headers={"content-type": "application/json"})


@breaks("headers.content-type", "absent")
def sends_no_content_type(trace: Trace) -> None:
    trace.session(headers={"content-type": None})


@breaks("headers.only-documented", "header-not-listed")
def sends_a_header_of_v1(trace: Trace) -> None:
    trace.profiles(headers={"ap_z": "1"})


@breaks("headers.only-documented", "parameter-not-listed")
def sends_a_parameter_of_v1(trace: Trace) -> None:
    trace.profiles(query="requestor=REF30")


@breaks("headers.only-documented", "call-of-v1")
def still_asks_version_1(trace: Trace) -> None:
    trace.exchange("", "/api/v1/checkauthn", query="requestor=REF30")
    trace.profiles()


@breaks("headers.sso-service", "header-missing")
def lists_without_naming_the_device(trace: Trace) -> None:
    listed(trace, headers={"ap-device-identifier": None})


@breaks("headers.sso-service", "other-type")
def unlinks_with_a_form(trace: Trace) -> None:
    unlinked(trace, headers={"content-type": "application/x-www-form-urlencoded"})


@breaks("headers.sso-service", "no-devices")
def unlinks_nothing(trace: Trace) -> None:
    unlinked(trace, ())


@breaks("headers.service-token-kept-secret", "sent-elsewhere")
def shows_the_service_token_to_the_browser(trace: Trace) -> None:
    issued(trace, "s1")
    url = f"https://adobe.com/?serviceToken={mask('s1')}"
    trace.session(sent={"mvpd": MVPD, "domainName": "adobe.com", "redirectUrl": url})
