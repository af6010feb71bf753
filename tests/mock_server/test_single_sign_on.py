"""Single sign-on: platform identity, service token, partner; single logout."""

from __future__ import annotations

import base64
from pathlib import Path

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.partner import saml_subject
from pass_harness.mock_server.config.loading import load_settings
from tests.mock_server.conftest import Mock, device_headers
from tests.mock_server.single_sign_on import (
    APP,
    KEY,
    PARTNER_PROFILE,
    PARTNER_SESSION,
    framework_status,
    log_in,
    saml_response,
    service_token,
    subject_token,
    types,
)

pytestmark = pytest.mark.anyio


async def test_a_service_token_carries_the_login_to_other_devices(mock: Mock) -> None:
    first = {**await mock.signed_on(), **service_token(mock)}
    await log_in(mock, first)
    assert await types(mock, first) == {"AdobeShibboleth": "regular"}
    second = {**first, **device_headers("another device"), **service_token(mock)}
    assert await types(mock, second) == {"AdobeShibboleth": "serviceTokenSSO"}
    session = await mock.session(second, mvpd="AdobeShibboleth")
    assert (session["actionName"], session["reasonType"]) == ("authorize", "authenticatedSSO")
    assert (await mock.decide(second, "authorize", "REF30", mvpd="AdobeShibboleth"))[0]["authorized"]


async def test_decisions_use_a_valid_shared_profile_before_an_expired_own_one(mock: Mock) -> None:
    shorter = await mock.behave({"ttl": {"profile": "60s"}})
    second = {**await mock.signed_on(), **device_headers("another device")}
    await log_in(mock, second)
    await mock.http.delete(f"/_mock/behaviours/{shorter}")
    first = {**second, **device_headers(), **service_token(mock)}
    await log_in(mock, first)
    second |= service_token(mock)
    mock.clock.tick(60)
    assert await types(mock, second) == {"AdobeShibboleth": "serviceTokenSSO"}
    assert (await mock.decide(second, "authorize", "REF30", mvpd="AdobeShibboleth"))[0]["authorized"]
    del second["AD-Service-Token"]
    expired = (await mock.decide(second, "authorize", "REF30", mvpd="AdobeShibboleth"))[0]
    assert expired["error"]["code"] == "authenticated_profile_expired"


async def test_a_new_login_of_another_device_ends_permits_by_its_profile(mock: Mock) -> None:
    first = {**await mock.signed_on(), **service_token(mock)}
    await log_in(mock, first)
    second = {**first, **device_headers("another device")}
    assert (await mock.decide(second, "authorize", "REF30", mvpd="AdobeShibboleth"))[0]["authorized"]
    await mock.http.get("/api/v2/REF30/logout/AdobeShibboleth?redirectUrl=https%3A%2F%2Fadobe.com", headers=first)
    await log_in(mock, first)
    await mock.behave({"deny": {}})
    assert not (await mock.decide(second, "authorize", "REF30", mvpd="AdobeShibboleth"))[0]["authorized"]


async def test_without_the_token_nothing_is_shared(mock: Mock) -> None:
    first = {**await mock.signed_on(), **service_token(mock)}
    await log_in(mock, first)
    stranger = {**first, **device_headers("another device")}
    del stranger["AD-Service-Token"]
    assert await types(mock, stranger) == {}
    assert await types(mock, {**stranger, **service_token(mock, "user-2")}) == {}
    assert await types(mock, {**stranger, **service_token(mock, iss="another issuer")}) == {}


async def test_an_expired_service_token_is_ignored(mock: Mock) -> None:
    first = {**await mock.signed_on(), **service_token(mock, lifetime=60)}
    await log_in(mock, first)
    second = {**first, **device_headers("another device")}
    assert await types(mock, second) == {"AdobeShibboleth": "serviceTokenSSO"}
    mock.clock.tick(60)
    assert await types(mock, second) == {}


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "." * 5, "x" * 9000])
async def test_a_malformed_service_token_is_ignored(mock: Mock, token: str) -> None:
    headers = await mock.logged_in()
    for name in ("AD-Service-Token", "Adobe-Subject-Token", "X-Roku-Reserved-Roku-Connect-Token"):
        assert await types(mock, {**headers, name: token}) == {"Cablevision": "regular"}


async def test_the_signature_is_verified_if_a_key_is_configured(tmp_path: Path) -> None:
    pem = tmp_path / "identity.pem"
    pem.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    config = tmp_path / "mock.toml"
    config.write_text(
        f'[[service_providers]]\nid = "REF30"\ndomains = ["adobe.com"]\nmvpds = ["AdobeShibboleth"]\n'
        f'service_token_key = "{pem}"\n'
    )
    mock = Mock(msgspec.structs.replace(load_settings(config), throttle=None))
    genuine = {**await mock.signed_on(), **service_token(mock)}
    await log_in(mock, genuine)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = jwt.decode(genuine["AD-Service-Token"], options={"verify_signature": False})
    forged = {"AD-Service-Token": jwt.encode(claims, other, algorithm="RS256")}
    second = {**genuine, **device_headers("another device")}
    assert await types(mock, second) == {"AdobeShibboleth": "serviceTokenSSO"}
    assert await types(mock, {**second, **forged}) == {}


@pytest.mark.parametrize("name", ["Adobe-Subject-Token", "X-Roku-Reserved-Roku-Connect-Token"])
async def test_a_platform_identity_carries_the_login(mock: Mock, name: str) -> None:
    token = {name: next(iter(subject_token().values()))}
    first = {**await mock.signed_on(), **token}
    await log_in(mock, first, "AdobePass_SMI")
    second = {**await mock.signed_on("another device"), **token}
    assert await types(mock, second) == {"AdobePass_SMI": "platformSSO"}


@pytest.mark.parametrize("part", [0, 0.5])
async def test_an_expired_platform_identity_is_ignored(mock: Mock, part: float) -> None:
    token = subject_token(exp=mock.clock.now_ms() // 1000 + 60 + part)
    await log_in(mock, {**await mock.signed_on(), **token}, "AdobePass_SMI")
    second = {**await mock.signed_on("another device"), **token}
    mock.clock.tick(59)
    assert await types(mock, second) == {"AdobePass_SMI": "platformSSO"}
    mock.clock.tick(1 + part)
    assert await types(mock, second) == {}


async def test_an_encrypted_platform_token_identifies_its_user(mock: Mock) -> None:
    token = {"Adobe-Subject-Token": "a.b.c.d.e"}
    await log_in(mock, {**await mock.signed_on(), **token}, "AdobePass_SMI")
    second = {**await mock.signed_on("another device"), **token}
    assert await types(mock, second) == {"AdobePass_SMI": "platformSSO"}
    assert await types(mock, {**second, "Adobe-Subject-Token": "a.b.c.d.f"}) == {}


async def test_single_logout_ends_the_login_on_every_device(mock: Mock) -> None:
    first = {**await mock.signed_on(), **service_token(mock)}
    await log_in(mock, first, "Spectrum")
    second = {**first, **device_headers("another device")}
    path = "/api/v2/REF30/logout/Spectrum?redirectUrl=https%3A%2F%2Fadobe.com"
    out = (await mock.http.get(path, headers=first)).json()["logouts"]["Spectrum"]
    assert (out["actionName"], out["actionType"]) == ("logout", "interactive")
    assert out["url"].startswith("/adobe-services/logout?requestor_id=REF30&mso_id=Spectrum&pt_device_id=")
    assert await types(mock, second) == {}
    assert await types(mock, first) == {}


@pytest.mark.parametrize(
    "dtd",
    ["<!DOCTYPE r>", '<!DOCTYPE r SYSTEM "file:///etc/hostname">', "<!DOCTYPE r [<!ELEMENT r ANY>]>"],
)
def test_a_saml_response_with_a_document_type_is_refused(dtd: str) -> None:
    """Even a harmless one: a parser that reads document types can be made to read files and to expand entities."""
    document = base64.b64decode(saml_response()).decode()
    assert saml_subject(saml_response()) == "viewer"
    with pytest.raises(ApiError, match="invalid_parameter_saml_response"):
        saml_subject(base64.b64encode(f"{dtd}{document}".encode()).decode())


async def test_the_partner_flow_ends_with_a_profile_of_apple(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **framework_status()}
    session = (await mock.http.post(PARTNER_SESSION, headers=headers, data=APP)).json()
    assert (session["actionName"], session["actionType"], session["reasonType"]) == (
        "partner_profile",
        "direct",
        "none",
    )
    assert (session["url"], session["mvpd"]) == (PARTNER_PROFILE, "Cablevision")
    request = session["authenticationRequest"]
    assert (request["type"], request["attributesNames"]) == ("saml", ["uid", "NameID", "uniqueId"])
    assert b"AuthnRequest" in base64.b64decode(request["request"])
    answer = await mock.http.post(PARTNER_PROFILE, headers=headers, data={"SAMLResponse": saml_response()})
    assert answer.status_code == 201
    profile = answer.json()["profiles"]["Cablevision"]
    assert (profile["issuer"], profile["type"]) == ("Apple", "appleSSO")
    assert await types(mock, headers) == {"Cablevision": "appleSSO"}
    assert (await mock.decide(headers, "authorize", "REF30"))[0]["authorized"]
    again = (await mock.http.post(PARTNER_SESSION, headers=headers, data=APP)).json()
    assert (again["actionName"], again["reasonType"]) == ("authorize", "authenticatedSSO")
    path = "/api/v2/REF30/logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com"
    out = (await mock.http.get(path, headers=headers)).json()["logouts"]["Cablevision"]
    assert out == {"actionName": "partner_logout", "actionType": "partner_interactive", "mvpd": "Cablevision"}


async def test_a_partner_profile_is_valid_only_with_a_framework_status(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **framework_status()}
    await mock.http.post(PARTNER_PROFILE, headers=headers, data={"SAMLResponse": saml_response()})
    denied = {**headers, **framework_status(access="denied")}
    assert await types(mock, denied) == {}
    path = "/api/v2/REF30/decisions/authorize/Cablevision"
    answer = await mock.http.post(path, headers=denied, json={"resources": ["REF30"]})
    assert answer.json()["code"] == "invalid_header_pfs_permission_access_not_granted"
    other = {**headers, **framework_status(provider="Spectrum")}
    answer = await mock.http.post(path, headers=other, json={"resources": ["REF30"]})
    assert answer.json()["code"] == "invalid_header_pfs_provider_id_mismatch"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ({}, "invalid_header_pfs_permission_access_not_present"),
        ({"AP-Partner-Framework-Status": "%%%"}, "invalid_header_pfs_permission_access_not_present"),
        (framework_status(access=None), "invalid_header_pfs_permission_access_not_present"),
        (framework_status(access="notDetermined"), "invalid_header_pfs_permission_access_not_determined"),
        (framework_status(access="restricted"), "invalid_header_pfs_permission_access_not_granted"),
        (framework_status(provider="Nobody"), "invalid_header_pfs_provider_id_not_determined"),
        (framework_status(provider=None), "invalid_header_pfs_provider_id_not_determined"),
        (framework_status(expires="1000"), "invalid_header_pfs_provider_info_expired"),
        (framework_status(expires="soon"), "invalid_header_pfs_provider_info_expired"),
    ],
)
async def test_invalid_framework_status(mock: Mock, status: dict[str, str], code: str) -> None:
    """It is an error when creating a profile, and a fallback to the basic login when starting one."""
    headers = {**await mock.signed_on(), **status}
    answer = await mock.http.post(PARTNER_PROFILE, headers=headers, data={"SAMLResponse": saml_response()})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    session = (await mock.http.post(PARTNER_SESSION, headers=headers, data=APP)).json()
    assert session["reasonType"] == "pfs_fallback"
    assert session["actionName"] in {"authenticate", "resume"}
    assert len(session["code"]) == 7


@pytest.mark.parametrize(
    "response",
    [None, "", "%%%", saml_response(status="Responder"), base64.b64encode(b"<a/>").decode(), saml_response("")],
)
async def test_an_invalid_saml_response_is_refused(mock: Mock, response: str | None) -> None:
    headers = {**await mock.signed_on(), **framework_status()}
    form = {"SAMLResponse": response} if response is not None else {}
    answer = await mock.http.post(PARTNER_PROFILE, headers=headers, data=form)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter_saml_response")


async def test_an_entity_bomb_as_saml_response_is_refused(mock: Mock) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    headers = {**await mock.signed_on(), **framework_status()}
    form = {"SAMLResponse": base64.b64encode(bomb.encode()).decode()}
    answer = await mock.http.post(PARTNER_PROFILE, headers=headers, data=form)
    assert answer.json()["code"] == "invalid_parameter_saml_response"


async def test_without_partner_support_the_basic_login_continues(mock: Mock) -> None:
    headers = await mock.signed_on()
    off = {**headers, **framework_status(provider="Spectrum")}
    session = (await mock.http.post(PARTNER_SESSION, headers=off, data=APP)).json()
    assert (session["actionName"], session["reasonType"]) == ("authenticate", "configuration_fallback")
    incomplete = {**headers, **framework_status()}
    session = (await mock.http.post(PARTNER_SESSION, headers=incomplete, data={"domainName": "adobe.com"})).json()
    assert (session["actionName"], session["reasonType"]) == ("resume", "missing_parameters_fallback")
    assert session["missingParameters"] == ["redirectUrl"]
    await mock.session(headers, mvpd="Dish")
    nobody = {**headers, **framework_status(access="denied", provider=None)}
    session = (await mock.http.post(PARTNER_SESSION, headers=nobody, data=APP)).json()
    assert (session["reasonType"], session["mvpd"]) == ("pfs_fallback", "Dish")


async def test_an_unknown_partner_is_an_error(mock: Mock) -> None:
    answer = await mock.http.post("/api/v2/REF30/sessions/sso/Other", headers=await mock.signed_on(), data=APP)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter_partner")
