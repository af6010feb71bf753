"""Partner single sign-on with Apple: framework status, flags of the picker, lifetimes, fallbacks."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pass_harness.mock_server.config.loading import load_settings
from tests.mock_server.conftest import FULL, Mock, device_headers
from tests.mock_server.single_sign_on import (
    APP,
    PARTNER_PROFILE,
    PARTNER_SESSION,
    framework_status,
    log_in,
    saml_response,
    service_token,
    types,
)

pytestmark = pytest.mark.anyio
API = "/api/v2/REF30"
LOGOUT = f"{API}/logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com"
MINE = (
    '[[service_providers]]\nid = "REF30"\ndomains = ["adobe.com"]\nmvpds = ["Mine", "Cablevision"]\n'
    '[[mvpds]]\nid = "Mine"\ndisplay_name = "Mine"\nboarding_status = "SUPPORTED"\nenable_platform_services = true\n'
)
ON_TVOS = (
    '[[integrations]]\nservice_provider = "REF30"\nmvpd = "Mine"\n'
    'profile = "2d"\nprofile_by_platform = { tvOS = "90d" }\n'
)
DAY = 86_400_000
IPHONE = "iPhone; CPU iPhone OS 18_6 like Mac OS X"
UNCONFIRMED = {
    "absent": ({}, "invalid_header_pfs_permission_access_not_present"),
    "denied": (framework_status("denied"), "invalid_header_pfs_permission_access_not_granted"),
    "denied, without a provider": (
        framework_status("denied", provider=None),
        "invalid_header_pfs_permission_access_not_granted",
    ),
    "undetermined": (framework_status("notDetermined"), "invalid_header_pfs_permission_access_not_determined"),
    "expired": (framework_status(expires="1000"), "invalid_header_pfs_provider_info_expired"),
    "of another provider": (framework_status(provider="Dish"), "invalid_header_pfs_provider_id_mismatch"),
}


def configured(folder: Path, text: str) -> Mock:
    file = folder / "mock.toml"
    file.write_text(text)
    return Mock(msgspec.structs.replace(load_settings(file), throttle=None))


def on(os_name: str | None) -> dict[str, str]:
    """Return the X-Device-Info of a device with an operating system."""
    facts = {"model": "TV", **({"osName": os_name} if os_name else {})}
    return {"X-Device-Info": base64.b64encode(json.dumps(facts).encode()).decode()}


async def partner_login(mock: Mock, headers: dict[str, str]) -> dict[str, Any]:
    """Create a profile through Apple; return the profiles of the answer."""
    answer = await mock.http.post(PARTNER_PROFILE, headers=headers, data={"SAMLResponse": saml_response()})
    profiles: dict[str, Any] = answer.json()["profiles"]
    return profiles


async def partner_session(mock: Mock, headers: dict[str, str], **form: str) -> dict[str, Any]:
    answer = await mock.http.post(PARTNER_SESSION, headers=headers, data=APP | form)
    assert answer.status_code == 200, answer.text
    session: dict[str, Any] = answer.json()
    return session


async def flags(mock: Mock, headers: dict[str, str], mvpd: str = "Mine") -> dict[str, Any]:
    """Return the flags of the picker in the configuration."""
    mvpds = (await mock.http.get(f"{API}/configuration", headers=headers)).json()["requestor"]["mvpds"]
    names = ("boardingStatus", "platformMappingId", "enablePlatformServices", "displayInPlatformPicker")
    entry = next(entry for entry in mvpds if entry["id"] == mvpd)
    return {name: entry[name] for name in names if name in entry}


@pytest.mark.parametrize(("status", "code"), UNCONFIRMED.values(), ids=UNCONFIRMED)
async def test_every_endpoint_checks_the_framework_status_first(
    mock: Mock, status: dict[str, str], code: str
) -> None:
    """An app with a partner profile is sent to the login by all of them, and is not sent back and forth."""
    device = await mock.signed_on()
    await partner_login(mock, {**device, **framework_status()})
    headers = {**device, **status}
    assert await types(mock, headers) == {}
    assert (await mock.http.get(f"{API}/profiles/Cablevision", headers=headers)).json() == {"profiles": {}}
    for kind in ("preauthorize", "authorize"):
        path = f"{API}/decisions/{kind}/Cablevision"
        refused = await mock.http.post(path, headers=headers, json={"resources": ["REF30"]})
        assert (refused.status_code, refused.json()["code"]) == (400, code)
    partner = await partner_session(mock, headers)
    fallback = "configuration_fallback" if "mismatch" in code else "pfs_fallback"
    assert (partner["reasonType"], "code" in partner) == (fallback, True)
    session = await mock.session(headers)
    assert (session["actionName"], session["reasonType"]) == ("authenticate", "none")
    await mock.http.post(f"/_mock/sessions/{session['code']}/login", json={})
    assert await types(mock, headers) == {"Cablevision": "regular"}
    assert (await mock.decide(headers, "authorize", "REF30"))[0]["authorized"]


async def test_a_login_through_apple_is_renewed_after_its_expiration_date(mock: Mock) -> None:
    """The app asks Apple's framework again; the profile counts again, without a login."""
    device = await mock.signed_on()
    until = mock.clock.now_ms() + 60_000
    old, new = framework_status(expires=str(until)), framework_status(expires=str(until + DAY))
    await partner_login(mock, {**device, **old})
    assert (await partner_session(mock, {**device, **old}))["actionName"] == "authorize"
    mock.clock.tick(60)
    assert await types(mock, {**device, **old}) == {}
    assert (await partner_session(mock, {**device, **old}))["reasonType"] == "pfs_fallback"
    assert (await partner_session(mock, {**device, **new}))["reasonType"] == "authenticatedSSO"
    assert await types(mock, {**device, **new}) == {"Cablevision": "appleSSO"}
    assert (await mock.decide({**device, **new}, "authorize", "REF30"))[0]["authorized"]


async def test_an_expired_profile_is_replaced_without_a_login(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **framework_status()}
    await mock.behave({"ttl": {"profile": "1h"}})
    first = (await partner_login(mock, headers))["Cablevision"]
    mock.clock.tick((first["notAfter"] - mock.clock.now_ms()) / 1000)
    assert await types(mock, headers) == {}
    assert (await partner_session(mock, headers))["actionName"] == "partner_profile"
    second = (await partner_login(mock, headers))["Cablevision"]
    assert second["notAfter"] - second["notBefore"] == first["notAfter"] - first["notBefore"]
    assert await types(mock, headers) == {"Cablevision": "appleSSO"}


async def test_the_partner_is_written_as_in_the_glossary_or_as_on_the_api_pages(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **framework_status()}
    session = (await mock.http.post(f"{API}/sessions/sso/apple", headers=headers, data=APP)).json()
    assert (session["actionName"], session["url"]) == ("partner_profile", f"{API}/profiles/sso/apple")
    created = await mock.http.post(session["url"], headers=headers, data={"SAMLResponse": saml_response()})
    assert created.status_code == 201
    refused = await mock.http.post(f"{API}/sessions/sso/APPLE", headers=headers, data=APP)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameter_partner")


async def test_flags_of_the_picker_are_those_of_integration_and_platform(tmp_path: Path) -> None:
    mock = configured(
        tmp_path,
        MINE
        + '[mvpds.platforms.tvOS]\nplatform_mapping_id = "mine-on-tv"\ndisplay_in_platform_picker = true\n'
        + ON_TVOS
        + '[integrations.platforms.iOS]\nenable_platform_services = false\nboarding_status = "PICKER"\n'
        '[integrations.platforms."*"]\ndisplay_in_platform_picker = false\n'
        '[integrations.platforms."Roku OS"]\nenable_platform_services = true\n',
    )
    headers = await mock.signed_on()
    common = {"boardingStatus": "SUPPORTED", "enablePlatformServices": True, "displayInPlatformPicker": False}
    assert await flags(mock, headers | on("tvOS")) == common | {"platformMappingId": "mine-on-tv"}
    assert await flags(mock, headers | on("iPadOS")) == common
    assert await flags(mock, headers | on(None)) == common
    ios = {"boardingStatus": "PICKER", "enablePlatformServices": False, "displayInPlatformPicker": False}
    assert await flags(mock, headers | on("iOS")) == ios
    assert await flags(mock, headers | on("Roku OS")) == {
        "enablePlatformServices": True,
        "displayInPlatformPicker": False,
    }
    assert await flags(mock, headers | on("Tizen")) == {"displayInPlatformPicker": False}


async def test_apples_flags_are_for_apples_platforms(mock: Mock) -> None:
    headers = await mock.signed_on()
    assert await flags(mock, headers, "Cablevision") == {
        "boardingStatus": "SUPPORTED",
        "platformMappingId": "Cablevision",
        "enablePlatformServices": True,
        "displayInPlatformPicker": True,
    }
    assert await flags(mock, headers | on("Roku OS"), "Cablevision") == {}
    session = await partner_session(mock, {**headers, **on("Roku OS"), **framework_status()})
    assert (session["actionName"], session["reasonType"]) == ("authenticate", "configuration_fallback")


@pytest.mark.parametrize(
    ("system", "reason"), [("Windows NT 10.0; Win64; x64", "configuration_fallback"), (IPHONE, "none")]
)
async def test_the_user_agent_names_the_platform_if_nothing_else_does(mock: Mock, system: str, reason: str) -> None:
    agent = f"Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/604.1"
    headers = {**await mock.signed_on(), **framework_status(), **on(None), "User-Agent": agent}
    assert (await partner_session(mock, headers))["reasonType"] == reason


async def test_the_provider_id_is_the_mapping_id_of_the_platform(tmp_path: Path) -> None:
    mock = configured(tmp_path, MINE + '[mvpds.platforms.tvOS]\nplatform_mapping_id = "mine-on-tv"\n')
    headers = {**await mock.signed_on(), **on("tvOS")}
    mapped = {**headers, **framework_status(provider="mine-on-tv")}
    assert (await partner_session(mock, mapped))["mvpd"] == "Mine"
    by_id = {**headers, **framework_status(provider="Mine")}
    assert (await partner_session(mock, by_id))["reasonType"] == "pfs_fallback"
    assert set(await partner_login(mock, mapped)) == {"Mine"}
    assert await types(mock, mapped) == {"Mine": "appleSSO"}
    elsewhere = {**headers, **on("iOS"), **framework_status(provider="Mine")}
    assert (await partner_session(mock, elsewhere))["mvpd"] == "Mine"


@pytest.mark.parametrize(
    "switched_off",
    [
        'boarding_status = "PICKER"\n',
        'boarding_status = ""\n',
        "enable_platform_services = false\n",
    ],
)
async def test_without_onboarding_or_the_switch_nothing_goes_through_apple(tmp_path: Path, switched_off: str) -> None:
    mock = configured(tmp_path, MINE + ON_TVOS + "[integrations.platforms.tvOS]\n" + switched_off)
    headers = {**await mock.signed_on(), **framework_status(provider="Mine")}
    session = await partner_session(mock, headers)
    assert (session["actionName"], session["reasonType"]) == ("authenticate", "configuration_fallback")
    answer = await mock.http.post(PARTNER_PROFILE, headers=headers, data={"SAMLResponse": saml_response()})
    assert (answer.status_code, answer.json()) == (200, {"profiles": {}})
    assert await types(mock, headers) == {}
    await log_in(mock, headers, "Mine")
    answer = await mock.http.post(PARTNER_PROFILE, headers=headers, data={"SAMLResponse": saml_response()})
    assert (answer.status_code, answer.json()["profiles"]["Mine"]["type"]) == (200, "regular")
    invalid = await mock.http.post(PARTNER_PROFILE, headers=headers, data={})
    assert (invalid.status_code, invalid.json()["code"]) == (400, "invalid_parameter_saml_response")
    elsewhere = {**headers, **device_headers("a phone"), **on("iOS")}
    assert (await partner_session(mock, elsewhere))["actionName"] == "partner_profile"


@pytest.mark.parametrize("url", ["nowhere", "javascript:alert(1)", "", "https://adobe.com/a b"])
async def test_an_invalid_parameter_leads_to_the_resume_flow(mock: Mock, url: str) -> None:
    headers = {**await mock.signed_on(), **framework_status()}
    session = await partner_session(mock, headers, redirectUrl=url)
    assert (session["actionName"], session["actionType"]) == ("resume", "direct")
    assert (session["reasonType"], session["missingParameters"]) == ("missing_parameters_fallback", ["redirectUrl"])
    resumed = await mock.http.post(session["url"], headers=headers, data={"redirectUrl": "https://adobe.com"})
    assert resumed.json()["actionName"] == "authenticate"


async def test_an_unreadable_form_leads_to_the_resume_flow(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **framework_status()}
    form = {"content-type": "application/x-www-form-urlencoded"}
    for body in ("domainName=adobe.com&domainName=adobe.io", "redirectUrl=%ff", ""):
        answer = await mock.http.post(PARTNER_SESSION, headers={**headers, **form}, content=body)
        session = answer.json()
        assert (answer.status_code, session["reasonType"]) == (200, "missing_parameters_fallback")
        assert session["mvpd"] == "Cablevision"


async def test_a_partner_profile_has_the_lifetime_of_its_platform(tmp_path: Path) -> None:
    mock = configured(tmp_path, MINE + ON_TVOS)
    headers = {**await mock.signed_on(), **framework_status(provider="Mine")}

    async def lifetime(device: dict[str, str]) -> int:
        profile = (await partner_login(mock, {**headers, **device}))["Mine"]
        return int(profile["notAfter"] - profile["notBefore"])

    assert await lifetime(on("tvOS")) == 90 * DAY
    assert await lifetime(on("iOS")) == 2 * DAY
    assert await lifetime({"X-Device-Info": ""}) == DAY // 2
    await mock.behave({"ttl": {"profile": "1m"}}, match={"endpoint": "profiles.partner"})
    assert await lifetime(on("tvOS")) == 60_000


async def test_the_metadata_names_the_source_of_the_login(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **framework_status()}
    through_apple = (await partner_login(mock, headers))["Cablevision"]["attributes"]
    assert through_apple["tokenSource"] == {"value": "Apple", "state": "plain"}
    listed = (await mock.http.get(f"{API}/profiles", headers=headers)).json()["profiles"]["Cablevision"]["attributes"]
    assert listed["tokenSource"] == {"value": "Apple", "state": "plain"}
    await mock.http.get(LOGOUT, headers=headers)
    await log_in(mock, headers, "Cablevision")
    basic = (await mock.http.get(f"{API}/profiles", headers=headers)).json()["profiles"]["Cablevision"]["attributes"]
    assert "tokenSource" not in basic
    assert basic["userID"] == through_apple["userID"]


async def test_neither_a_code_nor_a_resume_finds_a_partner_profile(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **framework_status()}
    code = (await mock.http.post(f"{API}/sessions", headers=headers, data={})).json()["code"]
    await partner_login(mock, headers)
    resumed = await mock.http.post(f"{API}/sessions/{code}", headers=headers, data=FULL)
    assert (resumed.json()["actionName"], resumed.json()["reasonType"]) == ("authenticate", "none")
    await mock.http.post(f"/_mock/sessions/{code}/login", json={})
    await partner_login(mock, headers)
    assert (await mock.http.get(f"{API}/profiles/code/{code}", headers=headers)).json() == {"profiles": {}}


async def test_a_basic_session_finds_a_confirmed_partner_profile(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **framework_status()}
    await partner_login(mock, headers)
    session = await mock.session(headers)
    assert (session["actionName"], session["reasonType"]) == ("authorize", "authenticatedSSO")


async def test_a_basic_login_counts_at_the_partner_endpoint(mock: Mock) -> None:
    headers = {**await mock.logged_in(), **framework_status("denied")}
    assert (await partner_session(mock, headers))["reasonType"] == "authenticated"


async def test_the_journal_names_the_provider_of_a_partner_session(mock: Mock) -> None:
    headers = {**await mock.logged_in(), **framework_status()}
    assert (await partner_session(mock, headers))["mvpd"] == "Cablevision"
    query = {"endpoint": "sessions.partner"}
    (exchange,) = (await mock.http.get("/_mock/exchanges", params=query)).json()["exchanges"]
    assert exchange["mvpd"] == "Cablevision"


async def test_the_partner_endpoints_refuse_an_inactive_integration(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **framework_status()}
    await mock.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": False})
    for path, form in ((PARTNER_SESSION, APP), (PARTNER_PROFILE, {"SAMLResponse": saml_response()})):
        answer = await mock.http.post(path, headers=headers, data=form)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_integration")


async def test_an_error_of_the_framework_changes_nothing(mock: Mock) -> None:
    status = json.loads(base64.b64decode(framework_status()["AP-Partner-Framework-Status"]))
    for member in status.values():
        member["error"] = {"code": "1", "message": "unsupported"}
    value = base64.b64encode(json.dumps(status).encode()).decode()
    headers = {**await mock.signed_on(), "AP-Partner-Framework-Status": value}
    assert (await partner_session(mock, headers))["actionName"] == "partner_profile"


async def test_adobe_issues_the_saml_request(mock: Mock) -> None:
    session = await partner_session(mock, {**await mock.signed_on(), **framework_status()})
    request = base64.b64decode(session["authenticationRequest"]["request"]).decode()
    assert ">https://saml.sp.auth.adobe.com<" in request


@pytest.mark.parametrize("rule", ["AuthNAll", "AuthZAll"])
async def test_under_a_degradation_rule_decisions_need_no_framework_status(mock: Mock, rule: str) -> None:
    device = await mock.signed_on()
    await partner_login(mock, {**device, **framework_status()})
    await mock.behave({"degradation": rule})
    for headers in (device, {**device, **framework_status("denied")}):
        for kind in ("preauthorize", "authorize"):
            decision = (await mock.decide(headers, kind, "REF30"))[0]
            assert (decision["authorized"], decision["source"]) == (True, "degradation")


@pytest.mark.parametrize("kind", ["preauthorize", "authorize"])
async def test_decisions_name_the_end_of_a_partner_profile_without_a_framework_status(mock: Mock, kind: str) -> None:
    device = await mock.signed_on()
    await partner_login(mock, {**device, **framework_status()})
    await mock.http.post("/_mock/profiles/end", json={})
    assert (await mock.decide(device, kind, "REF30"))[0]["error"]["code"] == "authenticated_profile_invalidated"
    await mock.behave({"ttl": {"profile": "1h"}})
    await partner_login(mock, {**device, **framework_status()})
    mock.clock.tick(3600)
    assert (await mock.decide(device, kind, "REF30"))[0]["error"]["code"] == "authenticated_profile_expired"


async def test_decisions_use_the_shared_profile_instead_of_an_unconfirmed_one_of_the_partner(mock: Mock) -> None:
    device = {**await mock.signed_on(), **service_token(mock)}
    await log_in(mock, {**device, **device_headers("another device")}, "Cablevision")
    await partner_login(mock, {**device, **framework_status()})
    assert await types(mock, device) == {"Cablevision": "serviceTokenSSO"}
    for kind in ("preauthorize", "authorize"):
        assert (await mock.decide(device, kind, "REF30"))[0]["authorized"]


async def test_a_framework_without_a_provider_leads_to_a_login_if_the_earlier_mvpd_is_inactive(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **framework_status("denied", provider=None)}
    await mock.session(headers, mvpd="Dish")
    await mock.http.put("/_mock/integrations/REF30/Dish", json={"enabled": False})
    session = await partner_session(mock, headers)
    assert (session["actionName"], session["reasonType"]) == ("resume", "pfs_fallback")
    assert session["missingParameters"] == ["mvpd"]


async def test_a_framework_without_a_provider_leads_to_the_mvpd_that_was_chosen_on_the_second_screen(
    mock: Mock,
) -> None:
    headers = {**await mock.signed_on(), **framework_status("denied", provider=None)}
    started = (await mock.http.post(f"{API}/sessions", headers=headers)).json()
    await mock.http.post(f"{API}/sessions/{started['code']}", headers=headers, data=FULL)
    session = await partner_session(mock, headers)
    assert (session["actionName"], session["reasonType"], session["mvpd"]) == (
        "authenticate",
        "pfs_fallback",
        "Cablevision",
    )
