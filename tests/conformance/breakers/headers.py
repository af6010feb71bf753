"""The shortest traces that break the rules of headers."""

from __future__ import annotations

from conformance_traces import VIEWER, Trace, Viewer, encode

from breakers.registered import breaks


@breaks("headers.authorization")
def sends_no_token(trace: Trace) -> None:
    trace.configuration(headers={"authorization": None})


@breaks("headers.device-identifier")
def sends_the_identifier_in_clear(trace: Trace) -> None:
    trace.profiles(headers={"ap-device-identifier": "fingerprint ba23d141-d715-561c-94f4-e9e4c966b1eb"})


@breaks("headers.device-identifier-stable")
def makes_an_identifier_up(trace: Trace) -> None:
    trace.ask("start")
    trace.profiles(VIEWER)
    trace.profiles(Viewer("made-up", VIEWER.ip))
    trace.ask("status")


@breaks("headers.device-info")
def sends_no_device_info(trace: Trace) -> None:
    trace.profiles(headers={"x-device-info": None})


@breaks("headers.device-info-complete")
def leaves_the_port_out(trace: Trace) -> None:
    trace.profiles(headers={"x-device-info": encode('{"model": "TV", "osName": "tvOS"}')})


@breaks("headers.device-info-truthful")
def describes_the_server(trace: Trace) -> None:
    with trace.verb("start"):
        trace.profiles(headers={"x-device-info": encode('{"primaryHardwareType": "Desktop", "osName": "Linux"}')})


@breaks("headers.forwarded-for")
def sends_its_own_address(trace: Trace) -> None:
    with trace.verb("start"):
        trace.profiles(headers={"x-forwarded-for": "127.0.0.1"}, ip="127.0.0.1")


@breaks("headers.visitor-identifier-passed")
def keeps_the_visitor_to_itself(trace: Trace) -> None:
    with trace.verb("start", visitor="12345678901234567890123456789012345678"):
        trace.profiles()


@breaks("headers.content-type")
def sends_json_to_sessions(trace: Trace) -> None:
    trace.session(headers={"content-type": "application/json"})


@breaks("headers.only-documented")
def sends_a_header_of_v1(trace: Trace) -> None:
    trace.profiles(headers={"ap_z": "1"})
