"""Every error can be provoked: by a real situation or, where only a backend could cause it, by a behaviour."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from mock_server.config import load_settings
from mock_server.errors import DCR_ERRORS, ENHANCED_ERRORS
from mock_server.settings import Settings
from tests.mock_server.conftest import FULL, Mock, device_headers
from tests.mock_server.test_single_sign_on import (
    APP,
    PARTNER_PROFILE,
    PARTNER_SESSION,
    framework_status,
    saml_response,
)

pytestmark = pytest.mark.anyio
API = "/api/v2/REF30"
Situation = Callable[[Mock], Awaitable[httpx.Response]]


async def _get(mock: Mock, path: str, **headers: str) -> httpx.Response:
    return await mock.http.get(path, headers={**await mock.signed_on(), **headers})


async def _decide(mock: Mock, headers: dict[str, str], kind: str, resource: str, mvpd: str) -> httpx.Response:
    path = f"{API}/decisions/{kind}/{mvpd}"
    return await mock.http.post(path, headers=headers, json={"resources": [resource]})


def _path(path: str) -> Situation:
    return lambda mock: _get(mock, path)


def _decision(
    resource: str, kind: str = "authorize", mvpd: str = "Cablevision", username: str = "viewer"
) -> Situation:
    async def situation(mock: Mock) -> httpx.Response:
        return await _decide(mock, await mock.logged_in(mvpd=mvpd, username=username), kind, resource, mvpd)

    return situation


def _partner(**status: str | None) -> Situation:
    async def situation(mock: Mock) -> httpx.Response:
        headers = {**await mock.signed_on(), **framework_status(**status)}  # type: ignore[arg-type]  # by name, as given above
        return await mock.http.post(PARTNER_PROFILE, headers=headers, data={"SAMLResponse": saml_response()})

    return situation


def _behaviour(effect: object) -> Situation:
    async def situation(mock: Mock) -> httpx.Response:
        await mock.behave(effect)
        return await _get(mock, f"{API}/profiles")

    return situation


async def _logout_without_redirect(mock: Mock) -> httpx.Response:
    return await _get(mock, f"{API}/logout/Cablevision")


async def _wrong_partner(mock: Mock) -> httpx.Response:
    return await mock.http.post(f"{API}/sessions/sso/Other", headers=await mock.signed_on(), data=APP)


async def _wrong_saml(mock: Mock) -> httpx.Response:
    headers = {**await mock.signed_on(), **framework_status()}
    return await mock.http.post(PARTNER_PROFILE, headers=headers, data={"SAMLResponse": "x"})


async def _no_device_info(mock: Mock) -> httpx.Response:
    strict = Mock(Settings(throttle=None, strict=True))
    headers = await strict.signed_on()
    del headers["X-Device-Info"]
    return await strict.http.get(f"{API}/profiles", headers=headers)


async def _no_identity(mock: Mock) -> httpx.Response:
    return await _get(mock, f"{API}/profiles/flexibleTempPass")


async def _provider_mismatch(mock: Mock) -> httpx.Response:
    headers = {**await mock.signed_on(), **framework_status()}
    await mock.http.post(PARTNER_PROFILE, headers=headers, data={"SAMLResponse": saml_response()})
    return await _decide(mock, {**headers, **framework_status(provider="Spectrum")}, "authorize", "r", "Cablevision")


async def _switched_off(mock: Mock) -> httpx.Response:
    await mock.http.put("/_mock/integrations/REF30/Dish", json={"enabled": False})
    return await _get(mock, f"{API}/profiles/Dish")


async def _expired_code(mock: Mock) -> httpx.Response:
    headers = await mock.signed_on()
    code = (await mock.session(headers))["code"]
    mock.clock.tick(1800)
    return await mock.http.get(f"{API}/profiles/code/{code}", headers=headers)


async def _unknown_code(mock: Mock) -> httpx.Response:
    return await mock.http.post(f"{API}/sessions/NOSUCH1", headers=await mock.signed_on(), data=FULL)


async def _no_resources(mock: Mock) -> httpx.Response:
    path = f"{API}/decisions/authorize/Cablevision"
    return await mock.http.post(path, headers=await mock.signed_on(), json={"resources": []})


async def _too_many(mock: Mock) -> httpx.Response:
    path = f"{API}/decisions/authorize/Cablevision"
    return await mock.http.post(path, headers=await mock.signed_on(), json={"resources": ["a", "b"]})


async def _degraded(mock: Mock) -> httpx.Response:
    await mock.behave({"degradation": "AuthZNone"})
    return await _decide(mock, await mock.signed_on(), "authorize", "r", "Cablevision")


async def _rated(mock: Mock) -> httpx.Response:
    mrss = (
        '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>r</title>'
        '<media:rating scheme="urn:mpaa">R</media:rating></channel></rss>'
    )
    return await _decision(mrss, username="kids")(mock)


async def _no_certificate(mock: Mock) -> httpx.Response:
    file = Path(__file__).parent / "no_certificate.toml"
    other = Mock(msgspec.structs.replace(load_settings(file), throttle=None))
    return await other.http.get(f"{API}/profiles", headers=await other.logged_in())


async def _legacy_application(mock: Mock) -> httpx.Response:
    return await mock.http.get(f"{API}/profiles", headers=await mock.signed_on(application="legacy"))


async def _no_token(mock: Mock) -> httpx.Response:
    return await mock.http.get(f"{API}/profiles", headers=device_headers())


async def _no_profile(mock: Mock) -> httpx.Response:
    return await _decide(mock, await mock.signed_on(), "authorize", "r", "Cablevision")


async def _expired_profile(mock: Mock) -> httpx.Response:
    await mock.behave({"ttl": {"profile": "1m"}})
    headers = await mock.logged_in()
    mock.clock.tick(60)
    return await _decide(mock, headers, "authorize", "r", "Cablevision")


async def _ended_profile(mock: Mock) -> httpx.Response:
    headers = await mock.logged_in()
    await mock.http.post("/_mock/profiles/end", json={})
    return await _decide(mock, headers, "authorize", "r", "Cablevision")


async def _trial_over(mock: Mock) -> httpx.Response:
    headers = await mock.signed_on()
    await _decide(mock, headers, "authorize", "r", "TempPass_TEST40")
    mock.clock.tick(180)
    return await _decide(mock, headers, "authorize", "r", "TempPass_TEST40")


async def _trial_used_up(mock: Mock) -> httpx.Response:
    headers = {**await mock.signed_on(), "AP-TempPass-Identity": base64.b64encode(b"{}").decode()}
    for number in range(6):
        answer = await _decide(mock, headers, "authorize", f"r{number}", "flexibleTempPass")
    return answer


async def _away_from_home(mock: Mock) -> httpx.Response:
    headers = {**await mock.signed_on(), "X-Forwarded-For": "192.0.2.1"}
    session = await mock.session(headers, mvpd="Spectrum")
    saml = (await mock.http.get(session["url"])).headers["location"]
    await mock.http.get((await mock.http.get(saml)).headers["location"])
    return await _decide(mock, {**headers, "X-Forwarded-For": "203.0.113.1"}, "authorize", "r", "Spectrum")


BACKEND_ALONE = {
    "internal_server_error",
    "invalid_configuration_temporary_access",
    "invalid_configuration_platform",
    "invalid_configuration_platform_id",
    "invalid_configuration_platform_trait",
    "invalid_configuration_platform_category_trait",
    "invalid_configuration_platform_services",
    "invalid_configuration_mvpd_platform",
    "invalid_configuration_mvpd_platform_boarding_status",
    "invalid_configuration_mvpd_platform_profile_exchange",
    "authorization_denied_by_session_invalidated",
    "identity_not_recognized_by_mvpd",
    "network_received_error",
    "network_connection_timeout",
    "maximum_execution_time_exceeded",
}
"""What no client can bring about: these come by the effect ``error``."""

SITUATIONS: dict[str, Situation] = {
    "invalid_parameter_service_provider": _path("/api/v2/NOPE/profiles"),
    "invalid_parameter_mvpd": _path(f"{API}/profiles/NoSuchMvpd"),
    "invalid_parameter_code": _unknown_code,
    "invalid_parameter_resources": _no_resources,
    "invalid_parameter_redirect_url": _logout_without_redirect,
    "invalid_parameter_partner": _wrong_partner,
    "invalid_parameter_saml_response": _wrong_saml,
    "invalid_header_device_info": _no_device_info,
    "invalid_header_device_identifier": lambda mock: _get(mock, f"{API}/profiles", **{"AP-Device-Identifier": "x"}),
    "invalid_header_identity_for_temporary_access": _no_identity,
    "invalid_header_pfs_permission_access_not_present": _partner(access=None),
    "invalid_header_pfs_permission_access_not_determined": _partner(access="notDetermined"),
    "invalid_header_pfs_permission_access_not_granted": _partner(access="denied"),
    "invalid_header_pfs_provider_id_not_determined": _partner(provider="Nobody"),
    "invalid_header_pfs_provider_id_mismatch": _provider_mismatch,
    "invalid_header_pfs_provider_info_expired": _partner(expires="1"),
    "invalid_integration": _switched_off,
    "invalid_authentication_session": _expired_code,
    "preauthorization_denied_by_mvpd": _decision("resource3", "preauthorize"),
    "authorization_denied_by_mvpd": _decision("resource3"),
    "authorization_denied_by_parental_controls": _rated,
    "authorization_denied_by_degradation_rule": _degraded,
    "too_many_resources": _too_many,
    "invalid_configuration_user_metadata_certificate": _no_certificate,
    "invalid_access_token_service_provider": _legacy_application,
    "invalid_access_token_client_application": _no_token,
    "authenticated_profile_missing": _no_profile,
    "authenticated_profile_expired": _expired_profile,
    "authenticated_profile_invalidated": _ended_profile,
    "temporary_access_duration_limit_exceeded": _trial_over,
    "temporary_access_resources_limit_exceeded": _trial_used_up,
    "authorization_denied_by_hba_policies": _away_from_home,
    **{code: _behaviour({"error": code}) for code in BACKEND_ALONE},
}


@pytest.mark.parametrize("code", ENHANCED_ERRORS)
async def test_every_enhanced_error_can_be_provoked(mock: Mock, code: str) -> None:
    answer = await SITUATIONS[code](mock)
    body = answer.json()
    error = body["decisions"][0]["error"] if "decisions" in body else body
    row = ENHANCED_ERRORS[code]
    told = (error["code"], error["action"], error["status"], error["message"])
    assert told == (code, row.action, row.status, row.message)
    assert error["trace"]
    assert error["helpUrl"].startswith("https://experienceleague.adobe.com/")
    assert answer.status_code == (200 if "decisions" in body else row.status)


@pytest.mark.parametrize("code", sorted(BACKEND_ALONE))
async def test_what_only_a_backend_could_cause_reaches_decisions_too(mock: Mock, code: str) -> None:
    headers = await mock.logged_in()
    await mock.behave({"error": code}, match={"endpoint": "decisions.authorize"})
    answer = await _decide(mock, headers, "authorize", "REF30", "Cablevision")
    body = answer.json()
    error = body["decisions"][0]["error"] if "decisions" in body else body
    assert error["code"] == code


async def test_every_dcr_error_can_be_provoked_but_one(mock: Mock) -> None:
    credentials = await mock.register()
    statement = (await mock.http.get("/_mock/software-statement")).text
    right = {"client_id": credentials["client_id"], "client_secret": credentials["client_secret"]}

    async def register(**body: str) -> str:
        return str((await mock.http.post("/o/client/register", json=body)).json()["error"])

    async def token(**form: str) -> str:
        return str((await mock.http.post("/o/client/token", data={**right, **form})).json()["error"])

    unapproved = Mock(Settings(throttle=None))
    unapproved.app.state.spaces.get("default").world.catalogue.applications_by_id.clear()
    answer = await unapproved.http.post("/o/client/register", json={"software_statement": statement})
    seen = {
        await register(),
        await register(software_statement="x"),
        await register(software_statement=statement, redirect_uri="nowhere"),
        str(answer.json()["error"]),
        await token(grant_type="client_credentials", client_secret="wrong"),
        await token(grant_type="password"),
    }
    # Every client may use its only grant type, so no client is unauthorized for it.
    assert seen == DCR_ERRORS - {"unauthorized_client"}


@pytest.mark.parametrize("path", [PARTNER_SESSION, PARTNER_PROFILE])
async def test_partner_endpoints_check_token_and_device_first(mock: Mock, path: str) -> None:
    assert (await mock.http.post(path)).json()["code"] == "invalid_access_token_client_application"
    token = {"Authorization": (await mock.signed_on())["Authorization"]}
    assert (await mock.http.post(path, headers=token)).json()["code"] == "invalid_header_device_identifier"
