"""Requests of the tests of the SSO Service, and its errors."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import jwt

from pass_harness.mock_server.signing import service_tokens
from pass_harness.mock_server.signing.keys import default_keys
from tests.mock_server.conftest import Mock

API = "/api/REF30"
KEY = default_keys().authorization_server
TV, PHONE, TABLET = "tv", "phone", "tablet"
ALICE = "alice-4711"
MVPD = "AdobeShibboleth"
LOGOUT = f"/api/v2/REF30/logout/{MVPD}?redirectUrl=https%3A%2F%2Fadobe.com"
SIGNATURE = (401, "header_invalid", "Invalid JWT signature in AD-Service-Token", "get_new_token")
UNREADABLE = (401, "header_invalid", "Error validating JWT signature", "get_new_token")
NO_SUBJECT = (401, "header_invalid", "JWT subject (sub) is missing or empty in AD-Service-Token", "get_new_token")
BAD_SUBJECT = (401, "header_invalid", "Error extracting JWT subject", "get_new_token")
EXPIRED = (401, "token_expired", "The token has expired", "get_new_token")
INVALID = (400, "token_invalid", "The provided token is invalid", "get_new_token")
UNAUTHORIZED = (401, "unauthorized", "Unauthorized access", "none")
MISSING = (400, "header_missing", "A required header is missing", "check_headers")
WITH_TOKEN = [("GET", "serviceToken"), ("POST", "link"), ("POST", "unlink"), ("GET", "list")]
CALLS = [("POST", "serviceToken"), *WITH_TOKEN]


def value_of(device: str) -> str:
    return base64.b64encode(device.encode()).decode()


def info(**facts: str) -> dict[str, str]:
    return {"X-Device-Info": base64.b64encode(json.dumps(facts).encode()).decode()}


async def ask(
    mock: Mock,
    method: str,
    call: str,
    headers: dict[str, str],
    **request: Any,  # noqa: ANN401 (whatever httpx takes)
) -> httpx.Response:
    return await mock.http.request(method, f"{API}/{call}", headers=headers, **request)


async def created(mock: Mock, headers: dict[str, str], **named: str) -> str:
    """Return a service token for X-SSO-ID (``identifier``) or X-SSO-LINK (``link``)."""
    names = {"identifier": "X-SSO-ID", "link": "X-SSO-LINK"}
    answer = await ask(mock, "POST", "serviceToken", {**headers, **{names[key]: v for key, v in named.items()}})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["serviceToken"])


async def joined(mock: Mock, device: str, **named: str) -> dict[str, str]:
    """Return the headers of a device with a service token."""
    headers = await mock.signed_on(device)
    return {**headers, "AD-Service-Token": await created(mock, headers, **(named or {"identifier": ALICE}))}


async def link_code(mock: Mock, headers: dict[str, str]) -> str:
    answer = await ask(mock, "POST", "link", headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


async def listed(mock: Mock, headers: dict[str, str]) -> dict[str, Any]:
    answer = await ask(mock, "GET", "list", headers)
    assert answer.status_code == 200, answer.text
    devices: dict[str, Any] = answer.json()["devices"]
    return devices


async def unlinked(mock: Mock, headers: dict[str, str], *devices: str) -> list[str]:
    answer = await ask(mock, "POST", "unlink", headers, json={"devices": list(devices)})
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"status", "unlinkedDevices"}
    assert answer.json()["status"] == "OK"
    left_out: list[str] = answer.json()["unlinkedDevices"]
    return left_out


def refusal(answer: httpx.Response) -> tuple[int, str, str, str]:
    """Return status, code, message and action of an error, whose form is checked."""
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"status", "error"}
    error = body["error"]
    assert list(error) == ["status", "code", "message", "action", "helpUrl", "trace"]
    assert body["status"] == {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 500: "INTERNAL_SERVER_ERROR"}[error["status"]]
    assert (error["status"], len(error["trace"])) == (answer.status_code, 36)
    assert error["helpUrl"].endswith("/enhanced-error-codes.html")
    return answer.status_code, error["code"], error["message"], error["action"]


def signed(**claims: object) -> str:
    """Return a token with the signature of the SSO Service."""
    content = {"iss": "ssoservicetoken", "sub": ALICE, "nbf": 0, "iat": 0, "exp": 32503680000, **claims}
    content = {name: claim for name, claim in content.items() if claim is not ...}
    return jwt.encode(content, service_tokens._secret(KEY), algorithm="HS256")
