"""Situations that cause the errors of Adobe's table: client mistakes where possible, otherwise a behaviour."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable

import httpx
import msgspec

from pass_harness.mock_server.catalogue import Catalogue, Tables, default_catalogue
from pass_harness.mock_server.config.settings import Settings
from tests.mock_server.conftest import Mock, connected_from

PROFILES = "/api/v2/REF30/profiles"
SESSIONS = "/api/v2/REF30/sessions"
IDENTITY = {"AP-TempPass-Identity": base64.b64encode(b'{"email":"hash"}').decode()}
SAML = base64.b64encode(
    b'<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">'
    b"<a:Assertion><a:Subject><a:NameID>viewer</a:NameID></a:Subject></a:Assertion></p:Response>"
).decode()
R_RATED = (
    '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>REF30</title>'
    '<item><media:rating scheme="urn:mpaa">R</media:rating></item></channel></rss>'
)
Situation = Callable[[Mock], Awaitable[httpx.Response]]


async def decide(
    mock: Mock,
    headers: dict[str, str],
    *resources: str,
    mvpd: str = "Cablevision",
    kind: str = "authorize",
) -> httpx.Response:
    path = f"/api/v2/REF30/decisions/{kind}/{mvpd}"
    return await mock.http.post(path, headers=headers, json={"resources": list(resources or ["REF30"])})


def get(path: str) -> Situation:
    async def situation(mock: Mock) -> httpx.Response:
        return await mock.http.get(path, headers=await mock.signed_on())

    return situation


def framework(access: str | None = "granted", **provider: str) -> dict[str, str]:
    content = {
        "frameworkPermissionInfo": {"accessStatus": access},
        "frameworkProviderInfo": {"id": "Cablevision", "expirationDate": "2025430636000"} | provider,
    }
    return {"AP-Partner-Framework-Status": base64.b64encode(json.dumps(content).encode()).decode()}


def partner_profile(status: dict[str, str], saml: str = SAML) -> Situation:
    async def situation(mock: Mock) -> httpx.Response:
        headers = await mock.signed_on() | status
        return await mock.http.post(f"{PROFILES}/sso/Apple", headers=headers, data={"SAMLResponse": saml})

    return situation


def other_catalogue(change: Callable[[Catalogue], Tables], then: Situation) -> Situation:
    """Return the situation in a mock of its own with another catalogue."""

    async def situation(_: Mock) -> httpx.Response:
        catalogue = default_catalogue()
        return await then(Mock(Settings(throttle=None, catalogue=catalogue.extended(change(catalogue)))))

    return situation


async def wrong_identifier(mock: Mock) -> httpx.Response:
    headers = await mock.signed_on()
    return await mock.http.get(PROFILES, headers=headers | {"AP-Device-Identifier": "mac 00:00"})


async def no_device_info(_: Mock) -> httpx.Response:
    strict = Mock(Settings(throttle=None, strict=True))
    return await strict.http.get(PROFILES, headers=await strict.signed_on() | {"X-Device-Info": "%%%"})


async def other_partner(mock: Mock) -> httpx.Response:
    return await mock.http.post(f"{SESSIONS}/sso/Other", headers=await mock.signed_on())


async def unreadable_resources(mock: Mock) -> httpx.Response:
    path = "/api/v2/REF30/decisions/authorize/Cablevision"
    return await mock.http.post(path, headers=await mock.signed_on(), json={"resources": "REF30"})


async def mismatched_framework(mock: Mock) -> httpx.Response:
    headers = await mock.signed_on() | framework()
    answer = await mock.http.post(f"{PROFILES}/sso/Apple", headers=headers, data={"SAMLResponse": SAML})
    assert answer.status_code == 201
    return await decide(mock, headers | framework(id="Spectrum"))


async def switched_off(mock: Mock) -> httpx.Response:
    await mock.http.put("/_mock/integrations/REF30/Dish", json={"enabled": False})
    return await mock.http.get(f"{PROFILES}/Dish", headers=await mock.signed_on())


async def replaced_code(mock: Mock) -> httpx.Response:
    headers = await mock.signed_on()
    code = (await mock.session(headers))["code"]
    await mock.session(headers)
    return await mock.http.get(f"{PROFILES}/code/{code}", headers=headers)


async def too_many(mock: Mock) -> httpx.Response:
    return await decide(mock, await mock.logged_in(), "r1", "r2")


async def without_certificate(mock: Mock) -> httpx.Response:
    return await mock.http.get(PROFILES, headers=await mock.logged_in())


def _no_certificate(catalogue: Catalogue) -> Tables:
    provider = msgspec.structs.replace(catalogue.service_providers["REF30"], certificate="none")
    return Tables(service_providers=(provider,))


async def legacy_application(mock: Mock) -> httpx.Response:
    return await mock.http.get(PROFILES, headers=await mock.signed_on(application="legacy"))


async def expired_token(mock: Mock) -> httpx.Response:
    headers = await mock.signed_on()
    mock.clock.tick(6 * 3600)
    return await mock.http.get(PROFILES, headers=headers)


async def denied_preauthorization(mock: Mock) -> httpx.Response:
    return await decide(mock, await mock.logged_in(), "resource3", kind="preauthorize")


async def denied_authorization(mock: Mock) -> httpx.Response:
    return await decide(mock, await mock.logged_in(), "resource3")


async def rated_above(mock: Mock) -> httpx.Response:
    return await decide(mock, await mock.logged_in(username="kids"), R_RATED)


async def degraded(mock: Mock) -> httpx.Response:
    await mock.behave({"degradation": "AuthZNone"})
    return await decide(mock, await mock.signed_on())


async def not_logged_in(mock: Mock) -> httpx.Response:
    return await decide(mock, await mock.signed_on())


async def expired_profile(mock: Mock) -> httpx.Response:
    await mock.behave({"ttl": {"profile": "1h"}})
    headers = await mock.logged_in()
    mock.clock.tick(3600)
    return await decide(mock, headers)


async def ended_profile(mock: Mock) -> httpx.Response:
    headers = await mock.logged_in()
    await mock.http.post("/_mock/profiles/end", json={"mvpd": "Cablevision"})
    return await decide(mock, headers)


async def used_up_time(mock: Mock) -> httpx.Response:
    headers = await mock.signed_on()
    assert (await decide(mock, headers, mvpd="TempPass")).json()["decisions"][0]["authorized"]
    mock.clock.tick(600)
    return await decide(mock, headers, mvpd="TempPass")


async def used_up_resources(mock: Mock) -> httpx.Response:
    headers = await mock.signed_on() | IDENTITY
    for name in ("r1", "r2", "r3", "r4", "r5"):
        await decide(mock, headers, name, mvpd="flexibleTempPass")
    return await decide(mock, headers, "r6", mvpd="flexibleTempPass")


async def no_identity(mock: Mock) -> httpx.Response:
    return await decide(mock, await mock.signed_on(), mvpd="flexibleTempPass")


async def away_from_home(mock: Mock) -> httpx.Response:
    at_home = await mock.signed_on() | connected_from("192.0.2.7")
    code = (await mock.session(at_home, mvpd="Spectrum"))["code"]
    login = await mock.http.get(f"/mvpd/Spectrum/login?requestor_id=REF30&code={code}")
    assert login.status_code == 302
    return await decide(mock, at_home | connected_from("198.51.100.7"), mvpd="Spectrum")


def by_behaviour(code: str) -> Situation:
    """Return a situation for an error that only Adobe's or an MVPD's backend can cause."""

    async def situation(mock: Mock) -> httpx.Response:
        await mock.behave({"error": code}, match={"endpoint": "decisions.*", "mvpd": "Cablevision"})
        return await decide(mock, await mock.logged_in())

    return situation


TOP_LEVEL: dict[str, Situation] = {
    "invalid_parameter_service_provider": get("/api/v2/NOPE/profiles"),
    "invalid_parameter_mvpd": get(f"{PROFILES}/NoSuchMvpd"),
    "invalid_parameter_code": get(f"{SESSIONS}/NOSUCH1"),
    "invalid_parameter_resources": unreadable_resources,
    "invalid_parameter_redirect_url": get("/api/v2/REF30/logout/Dish"),
    "invalid_parameter_partner": other_partner,
    "invalid_parameter_saml_response": partner_profile(framework(), saml="no SAML"),
    "invalid_header_device_info": no_device_info,
    "invalid_header_device_identifier": wrong_identifier,
    "invalid_header_pfs_permission_access_not_present": partner_profile({}),
    "invalid_header_pfs_permission_access_not_determined": partner_profile(framework("notDetermined")),
    "invalid_header_pfs_permission_access_not_granted": partner_profile(framework("denied")),
    "invalid_header_pfs_provider_id_not_determined": partner_profile(framework(id="Nobody")),
    "invalid_header_pfs_provider_id_mismatch": mismatched_framework,
    "invalid_header_pfs_provider_info_expired": partner_profile(framework(expirationDate="1000")),
    "invalid_integration": switched_off,
    "invalid_authentication_session": replaced_code,
    "internal_server_error": by_behaviour("internal_server_error"),
    "too_many_resources": too_many,
    "invalid_configuration_user_metadata_certificate": other_catalogue(_no_certificate, without_certificate),
    **{
        code: by_behaviour(code)
        for code in (
            "invalid_configuration_platform",
            "invalid_configuration_platform_id",
            "invalid_configuration_platform_trait",
            "invalid_configuration_platform_category_trait",
            "invalid_configuration_platform_services",
            "invalid_configuration_mvpd_platform",
            "invalid_configuration_mvpd_platform_boarding_status",
            "invalid_configuration_mvpd_platform_profile_exchange",
        )
    },
    "invalid_access_token_service_provider": legacy_application,
    "invalid_access_token_client_application": expired_token,
}
PER_ITEM: dict[str, Situation] = {
    "invalid_header_identity_for_temporary_access": no_identity,
    "invalid_configuration_temporary_access": by_behaviour("invalid_configuration_temporary_access"),
    "preauthorization_denied_by_mvpd": denied_preauthorization,
    "authorization_denied_by_mvpd": denied_authorization,
    "authorization_denied_by_parental_controls": rated_above,
    "authorization_denied_by_degradation_rule": degraded,
    "authenticated_profile_missing": not_logged_in,
    "authenticated_profile_expired": expired_profile,
    "authenticated_profile_invalidated": ended_profile,
    "temporary_access_duration_limit_exceeded": used_up_time,
    "temporary_access_resources_limit_exceeded": used_up_resources,
    "authorization_denied_by_hba_policies": away_from_home,
    **{
        code: by_behaviour(code)
        for code in (
            "authorization_denied_by_session_invalidated",
            "identity_not_recognized_by_mvpd",
            "network_received_error",
            "network_connection_timeout",
            "maximum_execution_time_exceeded",
        )
    },
}
