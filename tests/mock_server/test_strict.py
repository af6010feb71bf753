"""Undocumented requests of existing clients are served; with ``--strict`` only documented ones are."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from pass_harness.mock_server.catalogue import default_catalogue
from pass_harness.mock_server.config.settings import Settings
from tests.mock_server.conftest import DEVICE_INFO, FULL, Mock, device_headers

pytestmark = pytest.mark.anyio
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
INFO = {"X-Device-Info": DEVICE_INFO}
# As in Adobe's samples: a comma is missing.
UNREADABLE = {"X-Device-Info": base64.b64encode(b'{"osName": "tvOS" "osVendor": "Apple"}').decode()}
RESOURCES = b'{"resources": ["REF30"]}'
PARTNER = base64.b64encode(
    b'{"frameworkPermissionInfo": {"accessStatus": "granted"},'
    b'"frameworkProviderInfo": {"id": "Cablevision", "expirationDate": "2025430636000"}}'
).decode()
SAML = base64.b64encode(
    b'<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">'
    b"<a:Assertion><a:Subject><a:NameID>viewer</a:NameID></a:Subject></a:Assertion></p:Response>"
).decode()
DOMAINS = ", ".join(default_catalogue().service_providers["REF30"].domains)
MRSS = '<rss version="2.0"><channel><title>REF30</title></channel></rss>'


class Client:
    """A client of Adobe Pass that deviates from the documentation in one respect."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock

    async def start(self) -> None:
        credentials = await self.mock.register()
        self.credentials = {name: credentials[name] for name in ("client_id", "client_secret")}
        self.credentials["grant_type"] = "client_credentials"
        self.statement = {"software_statement": (await self.mock.http.get("/_mock/software-statement")).text}
        token = await self.mock.token(credentials)
        self.token = {"Authorization": f"Bearer {token['access_token']}"}
        self.headers = self.token | device_headers()

    async def post(self, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 (whatever httpx takes)
        return await self.mock.http.post(path, **request)

    async def register(self, **request: Any) -> httpx.Response:  # noqa: ANN401
        return await self.post("/o/client/register", **{"headers": INFO, **request})

    async def ask_token(self, **request: Any) -> httpx.Response:  # noqa: ANN401
        return await self.post("/o/client/token", **{"headers": INFO, **request})

    async def session(self, **request: Any) -> httpx.Response:  # noqa: ANN401
        return await self.post("/api/v2/REF30/sessions", **{"headers": self.headers, **request})

    async def decide(self, headers: dict[str, str], content: bytes = RESOURCES) -> httpx.Response:
        path = "/api/v2/REF30/decisions/authorize/TempPass"
        return await self.post(path, headers=self.headers | headers, content=content)

    async def configuration(self, headers: dict[str, str]) -> httpx.Response:
        return await self.mock.http.get("/api/v2/REF30/configuration", headers=self.token | headers)

    async def partner(self, what: str, headers: dict[str, str], content: str) -> httpx.Response:
        headers = self.headers | {"AP-Partner-Framework-Status": PARTNER} | headers
        return await self.post(f"/api/v2/REF30/{what}/sso/Apple", headers=headers, content=content)

    async def resume(self, **request: Any) -> httpx.Response:  # noqa: ANN401
        code = (await self.session(data={})).json()["code"]
        return await self.post(f"/api/v2/REF30/sessions/{code}", **{"headers": self.token, **request})


Request = Callable[[Client], Awaitable[httpx.Response]]


def _without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


def _query(fields: dict[str, str]) -> bytes:
    return str(httpx.QueryParams(fields)).encode()


UNDOCUMENTED: dict[str, Request] = {
    "token: parameters in the query string": lambda c: c.ask_token(params=c.credentials),
    "token: in the query string, with a JSON content type": lambda c: c.ask_token(
        params=c.credentials, headers=INFO | JSON
    ),
    "token: a form with a JSON content type": lambda c: c.ask_token(
        content=_query(c.credentials), headers=INFO | JSON
    ),
    "token: JSON": lambda c: c.ask_token(json=c.credentials),
    "token: a form without a content type": lambda c: c.ask_token(content=_query(c.credentials)),
    "token: a scope besides": lambda c: c.ask_token(data=c.credentials | {"scope": "openid"}),
    "token: no X-Device-Info": lambda c: c.ask_token(data=c.credentials, headers={}),
    "token: unreadable X-Device-Info": lambda c: c.ask_token(data=c.credentials, headers=UNREADABLE),
    "registration: a form": lambda c: c.register(data=c.statement),
    "registration: members besides": lambda c: c.register(
        json=c.statement | {"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}
    ),
    "registration: no X-Device-Info": lambda c: c.register(json=c.statement, headers={}),
    "session: no X-Device-Info": lambda c: c.session(data=FULL, headers=_without(c.headers, "X-Device-Info")),
    "session: X-Device-Info that is no JSON": lambda c: c.session(data=FULL, headers=c.headers | UNREADABLE),
    "session: X-Device-Info that is no Base64": lambda c: c.session(
        data=FULL, headers=c.headers | {"X-Device-Info": "{}"}
    ),
    "session: domainName with a scheme": lambda c: c.session(data=FULL | {"domainName": "https://adobe.com"}),
    "session: domainName of somebody else": lambda c: c.session(data=FULL | {"domainName": "example.com"}),
    "session: parameters in the query string": lambda c: c.session(params=FULL),
    "session: JSON": lambda c: c.session(json=FULL),
    "session: JSON with a form's content type": lambda c: c.session(
        content=b'{"mvpd": "Cablevision"}', headers=c.headers | FORM
    ),
    "session: a form without a content type": lambda c: c.session(content=_query(FULL)),
    "session: parameters besides": lambda c: c.session(data=FULL | {"mvpdId": "Cablevision"}),
    "resumed session: JSON": lambda c: c.resume(json=FULL),
    "resumed session: domainName of somebody else": lambda c: c.resume(data=FULL | {"domainName": "example.com"}),
    "configuration: unreadable X-Device-Info": lambda c: c.configuration(UNREADABLE),
    "decisions: no content type": lambda c: c.decide({}),
    "decisions: a form's content type": lambda c: c.decide(FORM),
    "decisions: members besides": lambda c: c.decide(JSON, b'{"resources": ["REF30"], "verbose": true}'),
    "decisions: no X-Device-Info": lambda c: c.decide(JSON | {"X-Device-Info": ""}),
    "partner session: a JSON content type": lambda c: c.partner("sessions", JSON, "domainName=adobe.com"),
    "partner profile: a JSON content type": lambda c: c.partner(
        "profiles", JSON, _query({"SAMLResponse": SAML}).decode()
    ),
}
IN_QUERY = "parameters must be in the body: leave the query string empty"
NOT_FORM = "the content type is {}: send application/x-www-form-urlencoded"
NOT_JSON = "the content type is {}: send application/json"
UNKNOWN = "unknown parameter {}: remove it"
NO_INFO = "X-Device-Info is missing or cannot be decoded: send Base64 of a JSON object"
NO_DOMAIN = "unknown domainName {}: send one of {}"
REFUSALS = {
    "token: parameters in the query string": ("invalid_request", IN_QUERY),
    "token: in the query string, with a JSON content type": ("invalid_request", IN_QUERY),
    "token: a form with a JSON content type": ("invalid_request", NOT_FORM.format("application/json")),
    "token: JSON": ("invalid_request", NOT_FORM.format("application/json")),
    "token: a form without a content type": ("invalid_request", NOT_FORM.format("missing")),
    "token: a scope besides": ("invalid_request", UNKNOWN.format("scope")),
    "token: no X-Device-Info": ("invalid_request", NO_INFO),
    "token: unreadable X-Device-Info": ("invalid_request", NO_INFO),
    "registration: a form": ("invalid_request", NOT_JSON.format("application/x-www-form-urlencoded")),
    "registration: members besides": (
        "invalid_request",
        UNKNOWN.format("grant_types, token_endpoint_auth_method"),
    ),
    "registration: no X-Device-Info": ("invalid_request", NO_INFO),
    "session: no X-Device-Info": ("invalid_header_device_info", NO_INFO),
    "session: X-Device-Info that is no JSON": ("invalid_header_device_info", NO_INFO),
    "session: X-Device-Info that is no Base64": ("invalid_header_device_info", NO_INFO),
    "session: domainName with a scheme": (
        "invalid_parameter_redirect_url",
        NO_DOMAIN.format("https://adobe.com", DOMAINS),
    ),
    "session: domainName of somebody else": (
        "invalid_parameter_redirect_url",
        NO_DOMAIN.format("example.com", DOMAINS),
    ),
    "session: parameters in the query string": ("invalid_parameter_mvpd", IN_QUERY),
    "session: JSON": ("invalid_parameter_mvpd", NOT_FORM.format("application/json")),
    "session: JSON with a form's content type": (
        "invalid_parameter_mvpd",
        UNKNOWN.format('{"mvpd": "Cablevision"}'),
    ),
    "session: a form without a content type": ("invalid_parameter_mvpd", NOT_FORM.format("missing")),
    "session: parameters besides": ("invalid_parameter_mvpd", UNKNOWN.format("mvpdId")),
    "resumed session: JSON": ("invalid_parameter_mvpd", NOT_FORM.format("application/json")),
    "resumed session: domainName of somebody else": (
        "invalid_parameter_redirect_url",
        NO_DOMAIN.format("example.com", DOMAINS),
    ),
    "configuration: unreadable X-Device-Info": ("invalid_header_device_info", NO_INFO),
    "decisions: no content type": ("invalid_parameter_resources", NOT_JSON.format("missing")),
    "decisions: a form's content type": (
        "invalid_parameter_resources",
        NOT_JSON.format("application/x-www-form-urlencoded"),
    ),
    "decisions: members besides": ("invalid_parameter_resources", UNKNOWN.format("verbose")),
    "decisions: no X-Device-Info": ("invalid_header_device_info", NO_INFO),
    "partner session: a JSON content type": (
        "invalid_parameter_redirect_url",
        NOT_FORM.format("application/json"),
    ),
    "partner profile: a JSON content type": (
        "invalid_parameter_saml_response",
        NOT_FORM.format("application/json"),
    ),
}
DOCUMENTED: dict[str, Request] = {
    "token: a form": lambda c: c.ask_token(data=c.credentials),
    "token: a charset in the content type": lambda c: c.ask_token(
        content=_query(c.credentials),
        headers=INFO | {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"},
    ),
    "registration: JSON": lambda c: c.register(json=c.statement),
    "registration: a charset in the content type": lambda c: c.register(
        json=c.statement | {"redirect_uri": "app://done"},
        headers=INFO | {"Content-Type": "application/json;charset=utf-8"},
    ),
    "session: header names in lower case": lambda c: c.session(
        data=FULL, headers={name.lower(): value for name, value in c.headers.items()}
    ),
    "session: no redirectUrl yet": lambda c: c.session(data=_without(FULL, "redirectUrl")),
    "session: no parameters and no content type": lambda c: c.session(),
    "session: a short device identifier": lambda c: c.session(data=FULL, headers=c.headers | device_headers("tv")),
    "resumed session: the parameters that were missing": lambda c: c.resume(data=FULL),
    # The page calls both headers optional here.
    "configuration: no device headers": lambda c: c.configuration({}),
    "decisions: a whole MRSS document": lambda c: c.decide(JSON, json.dumps({"resources": [MRSS]}).encode()),
    "partner session": lambda c: c.partner("sessions", FORM, "domainName=adobe.com"),
    "partner profile": lambda c: c.partner("profiles", FORM, _query({"SAMLResponse": SAML}).decode()),
}


async def _answer(request: Request, *, strict: bool) -> httpx.Response:
    client = Client(Mock(Settings(throttle=None, strict=strict)))
    await client.start()
    return await request(client)


@pytest.mark.parametrize("deviation", UNDOCUMENTED)
async def test_undocumented_requests_of_existing_clients_are_served(deviation: str) -> None:
    answer = await _answer(UNDOCUMENTED[deviation], strict=False)
    assert answer.status_code in {200, 201}, answer.text


@pytest.mark.parametrize("deviation", UNDOCUMENTED)
async def test_strict_refuses_undocumented_requests_with_the_reason(deviation: str) -> None:
    answer = await _answer(UNDOCUMENTED[deviation], strict=True)
    assert answer.status_code == 400, answer.text
    error = answer.json()
    refusal = (error["error"], error["error_description"]) if "error" in error else (error["code"], error["details"])
    assert refusal == REFUSALS[deviation]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("request_", DOCUMENTED)
async def test_documented_requests_are_served_strict_or_not(request_: str, strict: bool) -> None:
    answer = await _answer(DOCUMENTED[request_], strict=strict)
    assert answer.status_code in {200, 201}, answer.text


@pytest.mark.parametrize("strict", [False, True])
async def test_a_device_without_identifier_is_refused_strict_or_not(strict: bool) -> None:
    answer = await _answer(
        lambda c: c.session(data=FULL, headers=_without(c.headers, "AP-Device-Identifier")), strict=strict
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_header_device_identifier")


async def test_a_second_session_without_redirect_url_is_served() -> None:
    async def twice(client: Client) -> httpx.Response:
        await client.session(data=FULL)
        return await client.session(data=_without(FULL, "redirectUrl"))

    for strict in (False, True):
        answer = (await _answer(twice, strict=strict)).json()
        assert (answer["actionName"], answer["missingParameters"]) == ("resume", ["redirectUrl"])


async def test_malformed_values_are_read_leniently() -> None:
    session = await _answer(UNDOCUMENTED["session: JSON"], strict=False)
    assert session.json()["mvpd"] == "Cablevision"
    domain = await _answer(UNDOCUMENTED["session: domainName with a scheme"], strict=False)
    assert domain.json()["actionName"] == "authenticate"


async def test_strict_ignores_undocumented_parameters() -> None:
    answer = await _answer(UNDOCUMENTED["token: parameters in the query string"], strict=True)
    assert answer.json()["error"] == "invalid_request"
    assert "query string" in answer.json()["error_description"]


async def test_errors_of_dcr_have_no_description_unless_strict() -> None:
    answer = await _answer(lambda c: c.ask_token(data={}), strict=False)
    assert answer.json() == {"error": "invalid_request"}
