"""Registration and access tokens, as on the two DCR pages and as existing clients request them."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import msgspec
import pytest

from pass_harness.mock_server.catalogue import Tables, default_catalogue
from pass_harness.mock_server.config.settings import Settings
from tests.mock_server.conftest import Mock, device_headers

pytestmark = pytest.mark.anyio
JSON = "application/json;charset=UTF-8"


async def _statement(mock: Mock, application: str = "default") -> str:
    return (await mock.http.get("/_mock/software-statement", params={"application": application})).text


async def test_a_software_statement_registers_a_client(mock: Mock) -> None:
    body = {"software_statement": await _statement(mock), "redirect_uri": "adobepass://com.programmer"}
    answer = await mock.http.post("/o/client/register", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (201, JSON)
    credentials = answer.json()
    assert set(credentials) == {
        "client_id", "client_secret", "client_id_issued_at", "redirect_uris", "grant_types", "scopes",
    }  # fmt: skip
    assert credentials["redirect_uris"] == ["adobepass://com.programmer"]
    assert credentials["grant_types"] == ["client_credentials"]
    assert credentials["scopes"] == ["api:client:v2"]
    assert credentials["client_id_issued_at"] == mock.clock.now_ms() // 1000


async def test_the_software_statement_has_the_claims_of_public_ones(mock: Mock) -> None:
    statement = await _statement(mock)
    assert jwt.get_unverified_header(statement) == {"alg": "RS256"}
    claims = jwt.decode(statement, options={"verify_signature": False})
    assert set(claims) == {"sub", "iss", "iat", "nbf"}
    assert claims["iss"] == "auth.adobe.com"
    assert claims["iat"] == claims["nbf"]


async def test_client_credentials_return_an_access_token(mock: Mock) -> None:
    token = await mock.token(await mock.register())
    assert token["token_type"] == "bearer"
    assert token["expires_in"] == 21_600
    assert token["created_at"] == mock.clock.now_ms()
    claims = jwt.decode(token["access_token"], options={"verify_signature": False})
    assert set(claims) == {"sub", "nbf", "iss", "scopes", "exp", "iat"}
    assert claims["scopes"] == "api:client:v2"
    assert claims["exp"] - claims["iat"] == 21_600


async def test_only_the_whole_client_secret_is_accepted(mock: Mock) -> None:
    credentials = await mock.register()
    secret = credentials["client_secret"]
    for wrong in (secret[:-1], secret[:1], secret + "x", secret.upper(), secret[:-1] + "é"):
        form = {"client_id": credentials["client_id"], "client_secret": wrong, "grant_type": "client_credentials"}
        answer = await mock.http.post("/o/client/token", data=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client"), wrong


async def test_a_token_with_another_signature_is_unknown(mock: Mock) -> None:
    headers = await mock.signed_on()
    token = headers["Authorization"].removeprefix("Bearer ")
    head, claims, signature = token.split(".")
    changed = signature[:-8] + ("A" * 8 if not signature.endswith("A" * 8) else "B" * 8)
    for other in (f"{head}.{claims}.{changed}", f"{head}.{claims}.", f"{head}.{claims}"):
        refused = await mock.http.get(
            "/api/v2/REF30/profiles", headers={**headers, "Authorization": f"Bearer {other}"}
        )
        assert refused.json()["code"] == "invalid_access_token_client_application"
    assert (await mock.http.get("/api/v2/REF30/profiles", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"software_statement": 5}',
        b"\xff\xfe",
        b'{"a":' * 5000,
        b"software_statement=a&software_statement=b",
        b'{"software_statement": "a", "software_statement": "a"}',
        b'{"software_statement": "a", "softw\\u0061re_statement": "b"}',
    ],
)
async def test_a_malformed_registration_is_an_invalid_request(mock: Mock, body: bytes) -> None:
    answer = await mock.http.post("/o/client/register", content=body)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


async def test_a_forged_statement_is_invalid_and_an_unknown_one_unapproved(mock: Mock) -> None:
    head, claims, signature = (await _statement(mock)).split(".")
    forged = base64.urlsafe_b64encode(b'{"sub":"x","iss":"auth.adobe.com"}').decode().rstrip("=")
    for statement in (f"{head}.{forged}.{signature}", f"{head}.{claims}.AAAA", "no.statement"):
        answer = await mock.http.post("/o/client/register", json={"software_statement": statement})
        assert answer.json() == {"error": "invalid_software_statement"}
    other = Mock(Settings(throttle=None, catalogue=mock.app.state.settings.catalogue))
    (await other.app.state.spaces.open("default")).world.catalogue.applications_by_id.clear()
    answer = await other.http.post("/o/client/register", json={"software_statement": await _statement(mock)})
    assert answer.json() == {"error": "unapproved_software_statement"}


async def test_an_access_token_is_refused_as_a_software_statement(mock: Mock) -> None:
    token = (await mock.token(await mock.register()))["access_token"]
    answer = await mock.http.post("/o/client/register", json={"software_statement": token})
    assert answer.json() == {"error": "invalid_software_statement"}


async def test_a_redirect_uri_without_scheme_is_invalid(mock: Mock) -> None:
    body = {"software_statement": await _statement(mock), "redirect_uri": "nowhere"}
    assert (await mock.http.post("/o/client/register", json=body)).json() == {"error": "invalid_redirect_uri"}


async def test_line_breaks_inside_the_statement_are_ignored(mock: Mock) -> None:
    """Adobe's sample request shows the statement wrapped over several lines."""
    statement = await _statement(mock)
    wrapped = "\n ".join(statement[i : i + 60] for i in range(0, len(statement), 60))
    assert (await mock.http.post("/o/client/register", json={"software_statement": wrapped})).status_code == 201


async def test_wrong_credentials_are_an_invalid_client(mock: Mock) -> None:
    credentials = await mock.register()
    for wrong in ({"client_id": "nobody"}, {"client_secret": "guess"}):
        form = {"client_id": credentials["client_id"], "client_secret": credentials["client_secret"], **wrong}
        answer = await mock.http.post("/o/client/token", data={**form, "grant_type": "client_credentials"})
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


async def test_another_grant_type_is_unsupported_and_a_missing_one_invalid(mock: Mock) -> None:
    credentials = await mock.register()
    form = {name: credentials[name] for name in ("client_id", "client_secret")}
    answer = await mock.http.post("/o/client/token", data={**form, "grant_type": "password"})
    assert answer.json() == {"error": "unsupported_grant_type"}
    assert (await mock.http.post("/o/client/token", data=form)).json() == {"error": "invalid_request"}


async def test_a_repeated_parameter_is_an_invalid_request(mock: Mock) -> None:
    body = "client_id=a&client_id=b&client_secret=c&grant_type=client_credentials"
    answer = await mock.http.post("/o/client/token", content=body)
    assert answer.json() == {"error": "invalid_request"}


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"{", b"[]", b'{"client_id": 5}', b"client_id=%ZZ&" * 200, b'{"a":' * 5000]
)
async def test_a_malformed_token_request_is_an_invalid_request(mock: Mock, body: bytes) -> None:
    answer = await mock.http.post("/o/client/token", content=body)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


def _basic(credentials: dict[str, str]) -> dict[str, str]:
    pair = f"{credentials['client_id']}:{credentials['client_secret']}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


async def test_credentials_in_two_places_are_an_invalid_request(mock: Mock) -> None:
    credentials = await mock.register()
    form = {name: credentials[name] for name in ("client_id", "client_secret")}
    form["grant_type"] = "client_credentials"
    members = ", ".join(f'"{name}": "{value}"' for name, value in form.items())
    requests: dict[str, dict[str, Any]] = {
        "form and header": {"data": form, "headers": _basic(credentials)},
        "query and header": {"params": form, "headers": _basic(credentials)},
        "header alone": {"data": {"grant_type": "client_credentials"}, "headers": _basic(credentials)},
        "form and query": {"data": form, "params": {"client_id": form["client_id"]}},
        "form and another secret in the query": {"data": form, "params": {"client_secret": "other"}},
        "divided": {"data": {"grant_type": "client_credentials"}, "params": form},
        "JSON and query": {"json": form, "params": form},
        "twice in JSON": {"content": f'{{{members}, "client_secret": "other"}}'},
        "twice the same in JSON": {"content": f"{{{members}, {members}}}"},
    }
    for case, request in requests.items():
        answer = await mock.http.post("/o/client/token", **request)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"}), case
    assert (await mock.token(credentials))["token_type"] == "bearer"


async def test_a_software_statement_in_two_places_is_an_invalid_request(mock: Mock) -> None:
    statement = {"software_statement": await _statement(mock)}
    answer = await mock.http.post("/o/client/register", json=statement, params=statement)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


async def test_other_parameters_and_headers_do_not_hinder_a_token(mock: Mock) -> None:
    """Clients of Adobe Pass send along other query parameters, nested members, the header of an old token."""
    credentials = await mock.register()
    form = {name: credentials[name] for name in ("client_id", "client_secret")}
    form["grant_type"] = "client_credentials"
    for request in (
        {"data": form, "params": {"device": "tv"}},
        {"data": form, "headers": {"Authorization": "Bearer old"}},
        {"content": json.dumps({**form, "n": 1, "extra": [{"client_id": 1}, 10**6]})},
        {"params": form, "headers": {"Content-Type": "application/json"}},
    ):
        assert (await mock.http.post("/o/client/token", **request)).status_code == 201, request  # type: ignore[arg-type]  # as httpx names them


async def test_two_tokens_issued_in_one_second_differ(mock: Mock) -> None:
    credentials = await mock.register()
    tokens = {(await mock.token(credentials))["access_token"] for _ in range(5)}
    assert len(tokens) == 5


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer nonsense", "Basic abc", "Bearer eyJhbGciOiJub25lIn0.e30."]
)
async def test_a_missing_or_malformed_token_is_401(mock: Mock, authorization: str | None) -> None:
    headers = device_headers() | ({"Authorization": authorization} if authorization is not None else {})
    answer = await mock.http.get("/api/v2/REF30/profiles", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_access_token_client_application"
    assert answer.json()["action"] == "application-registration"


async def test_an_expired_token_is_401(mock: Mock) -> None:
    headers = await mock.signed_on()
    mock.clock.tick(21_599)
    assert (await mock.http.get("/api/v2/REF30/profiles", headers=headers)).status_code == 200
    mock.clock.tick(1)
    assert (await mock.http.get("/api/v2/REF30/profiles", headers=headers)).status_code == 401


async def test_a_token_without_the_scope_or_link_is_refused_for_every_service_provider(mock: Mock) -> None:
    legacy = await mock.signed_on(application="legacy")
    answer = await mock.http.get("/api/v2/REF30/profiles", headers=legacy)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_access_token_service_provider")


async def test_a_token_works_for_the_service_providers_of_its_application_only(mock: Mock) -> None:
    application = mock.app.state.settings.catalogue.applications["default"]
    one = msgspec.structs.replace(application, service_providers=("REF30",))
    catalogue = default_catalogue().extended(Tables(applications=(one,)))
    linked = Mock(Settings(throttle=None, catalogue=catalogue))
    headers = await linked.signed_on()
    assert (await linked.http.get("/api/v2/REF30/profiles", headers=headers)).status_code == 200
    answer = await linked.http.get("/api/v2/apasstest1/profiles", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_access_token_service_provider")
    both = await mock.signed_on()
    assert (await mock.http.get("/api/v2/apasstest1/profiles", headers=both)).status_code == 200


async def test_secrets_never_reach_the_journal(mock: Mock) -> None:
    statement = await _statement(mock)
    credentials = await mock.register()
    token = await mock.token(credentials)
    headers = await mock.logged_in()
    permit = (await mock.decide(headers, "authorize", "REF30"))[0]
    journal = json.dumps(await mock.exchanges())
    secrets = [statement, credentials["client_secret"], token["access_token"], permit["token"]["serializedToken"]]
    for secret in (*secrets, headers["Authorization"].removeprefix("Bearer ")):
        assert secret not in journal
    assert credentials["client_id"] in journal
