"""Tokens, partner headers and requests of the tests of single sign-on."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.mock_server.conftest import Mock

PARTNER_SESSION = "/api/v2/REF30/sessions/sso/Apple"
PARTNER_PROFILE = "/api/v2/REF30/profiles/sso/Apple"
APP = {"domainName": "adobe.com", "redirectUrl": "https://adobe.com"}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def service_token(mock: Mock, subject: str = "user-1", lifetime: int = 3600, **claims: object) -> dict[str, str]:
    now = mock.clock.now_ms() // 1000
    content = {"iss": "id.example.com", "sub": subject, "aud": "adobe", "iat": now, "exp": now + lifetime, **claims}
    return {"AD-Service-Token": jwt.encode(content, KEY, algorithm="RS256")}


def subject_token(subject: str = "platform-user", **claims: object) -> dict[str, str]:
    return {"Adobe-Subject-Token": jwt.encode({"sub": subject, **claims}, KEY, algorithm="RS256")}


async def log_in(mock: Mock, headers: dict[str, str], mvpd: str = "AdobeShibboleth") -> dict[str, Any]:
    session = await mock.session(headers, mvpd=mvpd)
    assert (await mock.http.post(f"/_mock/sessions/{session['code']}/login", json={})).status_code == 200
    return session


async def types(mock: Mock, headers: dict[str, str], service_provider: str = "REF30") -> dict[str, str]:
    answer = await mock.http.get(f"/api/v2/{service_provider}/profiles", headers=headers)
    profiles = answer.json()["profiles"]
    return {mvpd: profile["type"] for mvpd, profile in profiles.items()}


def framework_status(
    access: str | None = "granted", provider: str | None = "Cablevision", expires: str = "2025430636000"
) -> dict[str, str]:
    content: dict[str, Any] = {"frameworkPermissionInfo": {}, "frameworkProviderInfo": {}}
    if access:
        content["frameworkPermissionInfo"]["accessStatus"] = access
    if provider:
        content["frameworkProviderInfo"] = {"id": provider, "expirationDate": expires}
    return {"AP-Partner-Framework-Status": base64.b64encode(json.dumps(content).encode()).decode()}


def saml_response(subject: str = "viewer", status: str = "Success") -> str:
    document = (
        '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
        ' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><samlp:Status>'
        f'<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status>'
        f"<saml:Assertion><saml:Subject><saml:NameID>{subject}</saml:NameID></saml:Subject></saml:Assertion>"
        "</samlp:Response>"
    )
    return base64.b64encode(document.encode()).decode()
