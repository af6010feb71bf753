"""Compliant traces near the border of the rules of headers: what Adobe's own pages print and allow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from conformance_traces import Trace, error
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.facts.headers import SAMPLE_OF_THE_API_PAGES
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer, encode

BROWSERS = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
]
APPS = [
    "Mozilla/5.0 (SMART-TV; LINUX; Tizen 5.5) AppleWebKit/537.36 (KHTML, like Gecko) Version/5.5 TV Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) Chrome/126 Safari/537.36 Edg/126",
    "Mozilla/5.0 (Linux; Android 14; SM-S901U; wv) AppleWebKit/537.36 Version/4.0 Chrome/126.0 Mobile Safari/537.36",
    "Roku/DVP-14.5 (14.5.4.5934-C2)",
    "Go-http-client/2.0",
]


def described(**facts: object) -> str:
    return encode(json.dumps({**VIEWER.facts, **facts}))


def with_info(info: str | None, **headers: str) -> Trace:
    trace = Trace().start()
    trace.profiles(headers={"x-device-info": info, **headers})
    return trace


@pytest.mark.parametrize(
    "name",
    [
        "Roku",
        "Roku OS",
        "Tizen",
        "iPadOS",
        "iOS",
        "tvOS",
        "visionOS",
        "macOS",
        "PlayStation OS",
        "WINDOWS",
        "Android",
    ],
)
def test_systems_have_the_names_of_adobes_pages(name: str) -> None:
    silent(with_info(described(osName=name)), "headers.device-info")


@pytest.mark.parametrize("name", ["Set-top box", "tvos", "Apple TV", "Roku Os"])
def test_other_names_of_systems_are_a_violation(name: str) -> None:
    assert "headers.device-info" in violated(with_info(described(osName=name)).observations)


@pytest.mark.parametrize("secure", [True, False, "true", "Wpa", "None"])
def test_a_connection_is_secure_in_the_words_of_adobes_pages(secure: object) -> None:
    silent(with_info(described(connectionSecure=secure)), "headers.device-info")


def test_the_value_of_adobes_samples_passes_although_its_json_is_broken() -> None:
    trace = with_info(SAMPLE_OF_THE_API_PAGES)

    silent(trace, "headers.device-info")
    assert "headers.device-info-complete" not in violated(trace.observations)


def test_base64_may_be_percent_encoded_as_in_rest_api_v1() -> None:
    trace = with_info(quote(VIEWER.info, safe=""))

    silent(trace, "headers.device-info")
    silent(trace, "headers.device-info-complete")


@pytest.mark.parametrize("agent", BROWSERS)
def test_a_browser_is_described_by_its_user_agent(agent: str) -> None:
    trace = with_info(None, **{"user-agent": agent})

    assert judge(trace.observations)["headers.device-info"].verdict is Verdict.NOT_EXERCISED


@pytest.mark.parametrize("agent", APPS)
def test_an_app_is_not_described_by_its_user_agent(agent: str) -> None:
    assert "headers.device-info" in violated(with_info(None, **{"user-agent": agent}).observations)


@pytest.mark.parametrize(
    ("true", "sent"),
    [
        ({"osName": "Roku OS", "model": "4850X"}, {"osName": "Roku", "model": "Roku"}),
        ({"osName": "tvOS", "model": "AppleTV14,1"}, {"primaryHardwareType": "TV", "model": "AppleTV"}),
        ({"osName": "iOS"}, {"osName": "iPadOS"}),
        ({"connectionIp": "2001:db8::1"}, {"connectionIp": "2001:DB8:0::1"}),
    ],
)
def test_a_device_is_truthfully_described_in_adobes_words(true: dict[str, str], sent: dict[str, str]) -> None:
    @dataclass(frozen=True)
    class Described(Viewer):
        @property
        def facts(self) -> dict[str, str]:
            return {**VIEWER.facts, **true}

    trace = Trace().start()
    with trace.verb("start", Described()):
        trace.profiles(headers={"x-device-info": described(**{**true, **sent})})

    silent(trace, "headers.device-info-truthful")


def test_a_configuration_without_device_info_is_cached_by_user_agent() -> None:
    trace = Trace().start()
    for agent in ("Roku/DVP-14.5", "AppleCoreMedia/1.0"):
        trace.configuration(headers={"x-device-info": None, "user-agent": agent})
        trace.wait(1)

    assert "configuration.cached" not in violated(trace.observations)


@pytest.mark.parametrize(
    ("connections", "verdict"),
    [(("c1", "c2"), Verdict.NOT_EXERCISED), (("c1", "c1"), Verdict.VIOLATED), (("", ""), Verdict.NOT_EXERCISED)],
)
def test_only_a_new_connection_may_be_that_of_a_service_that_started_again(
    connections: tuple[str, ...], verdict: Verdict
) -> None:
    trace = Trace().start()
    for used in connections:
        trace.configuration(device=None, headers={"x-forwarded-for": None}, connection=used)
        trace.wait(40)

    assert judge(trace.observations)["configuration.cached"].verdict is verdict


@pytest.mark.parametrize(
    ("connections", "violates"),
    [
        (("c1", "c2"), False),
        (("c1", "c1"), True),
        (("c1", "c2", "c3"), True),
        (("", ""), False),
        (("", "", ""), True),
    ],
    ids=["a restart", "no restart", "a restart explains only one", "unknown", "a restart explains only one, unknown"],
)
def test_without_verbs_one_repetition_for_a_device_may_follow_a_restart(
    connections: tuple[str, ...], violates: bool
) -> None:
    trace = Trace().start()
    for used in connections:
        trace.configuration(connection=used)
        trace.wait(30)

    assert ("configuration.cached" in violated(trace.observations)) is violates


# Registration


def test_a_registration_for_no_device_needs_no_description() -> None:
    assert judge(Trace().start().observations)["headers.device-info-on-registration"].verdict is Verdict.NOT_EXERCISED


def undescribed_token_request() -> Trace:
    trace = Trace().start()
    trace.ask("start")
    trace.token_value = None
    trace.exchange("dcr.token", "/o/client/token", method="POST", device=None)
    return trace


def test_a_token_request_for_the_second_screen_needs_no_description() -> None:
    trace = undescribed_token_request()
    trace.look_up()

    assert judge(trace.observations)["headers.device-info-on-registration"].verdict is Verdict.NOT_EXERCISED


def test_a_look_up_by_a_second_screen_excuses_no_earlier_token_request() -> None:
    trace = undescribed_token_request()
    trace.wait(5)
    trace.look_up()

    assert judge(trace.observations)["headers.device-info-on-registration"].verdict is Verdict.VIOLATED


def test_a_described_registration_passes() -> None:
    trace = Trace()
    trace.register(viewer=VIEWER)

    silent(trace, "headers.device-info-on-registration")


# Accept


@pytest.mark.parametrize(
    "sent", ["application/json", "application/json;charset=utf-8", "*/*", "text/html, application/*;q=0.8"]
)
def test_json_is_accepted_in_many_forms(sent: str) -> None:
    trace = Trace().start()
    trace.profiles(headers={"accept": sent})

    silent(trace, "headers.accept")


def test_accept_is_optional() -> None:
    trace = Trace()
    trace.profiles(headers={"accept": None})

    assert judge(trace.observations)["headers.accept"].verdict is Verdict.NOT_EXERCISED


# Single sign-on

SERVICE_TOKEN = {"ad-service-token": "sha256:1"}
PARTNER = {"ap-partner-framework-status": encode("{}")}
OF_APPLE = {"profiles": {"Cablevision": {"type": "appleSSO"}}}
FALLBACK = {"actionName": "authenticate", "reasonType": "pfs_fallback", "code": "AAAAAAA"}


def test_the_identity_is_sent_where_a_page_lists_its_header() -> None:
    trace = Trace().start()
    trace.session(headers=SERVICE_TOKEN)
    trace.poll()
    trace.profiles(headers={**SERVICE_TOKEN, **PARTNER})
    trace.session(headers=SERVICE_TOKEN)
    trace.authorize(headers={**SERVICE_TOKEN, **PARTNER})
    trace.logout(headers=SERVICE_TOKEN)

    silent(trace, "headers.single-sign-on")


def test_an_identity_ends_with_the_logout_and_after_the_visit() -> None:
    trace = Trace().start()
    trace.session(headers=SERVICE_TOKEN)
    trace.logout(headers=SERVICE_TOKEN)
    trace.session()
    trace.session(viewer=OTHER, headers=SERVICE_TOKEN)
    trace.wait(3600)
    trace.authorize(viewer=OTHER)

    silent(trace, "headers.single-sign-on")


def test_a_dropped_partner_status_is_named() -> None:
    trace = Trace().start()
    trace.profiles(headers=PARTNER, answer=OF_APPLE)
    trace.authorize()

    findings = violated(trace.observations)["headers.single-sign-on"].findings
    assert [finding.evidence.subject for finding in findings] == ["AP-Partner-Framework-Status"]


def test_a_regular_profile_needs_no_partner_status() -> None:
    """The cookbook lets apps leave the status out of decisions unless the profile is of the type appleSSO."""
    trace = Trace().start()
    trace.profiles(headers=PARTNER)
    trace.call("sessions.partner", "sessions/sso/Apple", method="POST", headers=PARTNER, answer=FALLBACK)
    trace.poll(found=True)
    trace.authorize()
    trace.preauthorize()
    trace.profiles(mvpd="Cablevision", found=True)

    silent(trace, "headers.single-sign-on")


def test_a_login_that_replaces_that_of_the_partner_needs_no_partner_status() -> None:
    trace = Trace().start()
    trace.profiles(headers=PARTNER, answer=OF_APPLE)
    trace.session()
    trace.poll(found=True)
    trace.authorize()

    silent(trace, "headers.single-sign-on")


@pytest.mark.parametrize("asked", ["decisions", "profile"])
@pytest.mark.parametrize(
    ("mvpd", "violates"), [("Spectrum", False), ("TempPass_TEST40", False), ("Cablevision", True)]
)
def test_another_profile_of_the_device_needs_no_partner_status(mvpd: str, violates: bool, asked: str) -> None:
    """The cookbook lets apps choose among the profiles, and leave the status out for one of another type."""
    both = {"profiles": {**OF_APPLE["profiles"], "Spectrum": {"type": "regular"}}}
    trace = Trace().start()
    trace.profiles(headers=PARTNER, answer=both)
    if asked == "decisions":
        trace.authorize(mvpd=mvpd)
    else:
        trace.profiles(mvpd=mvpd, answer=both)

    assert ("headers.single-sign-on" in violated(trace.observations)) is violates


def test_all_profiles_need_the_partner_status_beside_another_profile() -> None:
    trace = Trace().start()
    trace.profiles(headers=PARTNER, answer=OF_APPLE)
    trace.authorize(mvpd="TempPass_TEST40")
    trace.profiles(answer={"profiles": {}})

    assert "headers.single-sign-on" in violated(trace.observations)


# Preauthorization


def test_a_channel_may_be_an_mrss_document_without_cdata() -> None:
    trace = Trace().start()
    trace.preauthorize(["<rss><channel><title>a</title></channel></rss>", "b"])

    silent(trace, "preauthorization.no-cdata")


def test_a_service_may_have_other_names_for_its_resources() -> None:
    trace = Trace().start()
    with trace.verb("preauthorize", resources=["channel-1"]) as returns:
        trace.preauthorize(["REF30-1"])
        returns |= {"permitted": ["channel-1"], "denied": [], "messages": {}}

    assert "preauthorization.decisions-passed-on" not in violated(trace.observations)


@pytest.mark.parametrize(
    ("code", "header"),
    [
        ("invalid_header_pfs_provider_info_expired", "ap-partner-framework-status"),
        ("invalid_header_identity_for_temporary_access", "ap-temppass-identity"),
    ],
)
@pytest.mark.parametrize(("later", "repeats"), [("new", False), ("old", True)])
@pytest.mark.parametrize("whole", [True, False], ids=["response", "decision"])
def test_a_request_with_the_refused_header_corrected_is_another_one(
    code: str, header: str, later: str, repeats: bool, whole: bool
) -> None:
    """A 400 asks the client to correct the request and to try again."""
    refused: dict[str, Any] = error(code, status=400)
    item = {"decisions": [{"resource": "a", "authorized": False, "error": refused}]}
    trace = Trace().start()
    with trace.verb("play", failure="no"):
        trace.authorize(
            status=400 if whole else 200, answer=refused if whole else item, headers={header: encode("old")}
        )
        trace.authorize(headers={header: encode(later)})

    rule = "errors.client-errors-not-retried" if whole else "authorization.denial-final"
    assert (rule in violated(trace.observations)) == repeats
