"""Hostile requests get the answer of malformed ones, soon, and the mock keeps serving."""

from __future__ import annotations

import base64
import itertools
import json
import time

import pytest

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.transport.request import read_inbound
from tests.mock_server.conftest import FULL, Mock

DEEP = 100_000
RSS = "<rss><channel><title>{}</title></channel></rss>"
NAMES = "abcdefghz"
LAUGHS = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise(NAMES))
XML = {
    "a bomb of entities": f'<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">{LAUGHS}]>' + RSS.format("&z;"),
    "an entity of a file": '<!DOCTYPE rss [<!ENTITY z SYSTEM "file:///etc/hostname">]>' + RSS.format("&z;"),
    "an entity of an address": '<!DOCTYPE rss [<!ENTITY z SYSTEM "http://127.0.0.1:1/">]>' + RSS.format("&z;"),
    "a parameter entity": '<!DOCTYPE rss [<!ENTITY % z SYSTEM "http://127.0.0.1:1/">%z;]>' + RSS.format("x"),
    "a declaration elsewhere": '<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/">' + RSS.format("x"),
    "elements without an end": "<a>" * 60_000,
    "elements in elements": "<a>" * 60_000 + "</a>" * 60_000,
}
JSON = {
    "arrays in arrays": '{"resources":' + "[" * DEEP + "]" * DEEP + "}",
    "objects in objects": '{"resources":' + '{"a":' * DEEP + "1" + "}" * DEEP + "}",
    "no end": "[" * DEEP,
    "a number of many digits": '{"resources":' + "9" * DEEP + "}",
    "half a character": '{"resources":["\\ud800"]}',
    "no text": '{"resources":["\xff"]}',
}


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.anyio
@pytest.mark.parametrize("document", XML.values(), ids=XML)
async def test_xml_entities_are_neither_expanded_nor_fetched(mock: Mock, document: str) -> None:
    headers = await mock.logged_in()
    started = time.process_time()
    (decision,) = await mock.decide(headers, "authorize", document)
    assert decision["authorized"] is False
    assert "token" not in decision
    status = base64_of(
        json.dumps(
            {
                "frameworkPermissionInfo": {"accessStatus": "granted"},
                "frameworkProviderInfo": {"id": "Cablevision", "expirationDate": "99999999999999"},
            }
        )
    )
    answer = await mock.http.post(
        "/api/v2/REF30/profiles/sso/Apple",
        headers={**headers, "AP-Partner-Framework-Status": status},
        data={"SAMLResponse": base64_of(document)},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter_saml_response")
    token = base64_of(f"<signatureInfo>AA==<signatureInfo><authToken>{document}</authToken>")
    verified = await mock.http.post("/_mock/media-tokens/verify", json={"token": token})
    assert verified.json()["status"] == "INVALID_SIGNATURE"
    assert time.process_time() - started < 5


@pytest.mark.anyio
@pytest.mark.parametrize("body", JSON.values(), ids=JSON)
async def test_oversized_and_deeply_nested_json_is_malformed(mock: Mock, body: str) -> None:
    content = body.encode("latin-1")
    headers = await mock.logged_in()
    kinds = {"Content-Type": "application/json"}
    for path in (
        "/api/v2/REF30/decisions/authorize/Cablevision",
        "/api/v2/REF30/decisions/preauthorize/Cablevision",
        "/api/v2/REF30/sessions",
        "/o/client/register",
        "/o/client/token",
        "/_mock/behaviours",
        "/_mock/clock",
        "/_mock/media-tokens/verify",
    ):
        answer = await mock.http.post(path, headers={**headers, **kinds}, content=content)
        assert answer.status_code < 500, path
        assert answer.is_error or path.endswith("/sessions"), path  # which parses any body that is not JSON as a form


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["X-Device-Info", "AP-Partner-Framework-Status", "AP-TempPass-Identity"])
@pytest.mark.parametrize(
    "value",
    [
        '{"a":' * 2_000,
        "[" * 8_000,
        json.dumps({"frameworkProviderInfo": {"expirationDate": "9" * 9_000}, "osVersion": "9" * 9_000}),
        json.dumps({"displayWidth": 10**400, "osVersion": "1." * 4_000, "connectionPort": "\u0661"}),
    ],
)
async def test_oversized_json_headers_are_ignored(mock: Mock, name: str, value: str) -> None:
    headers = {**await mock.signed_on(), name: base64_of(value)}
    for path in ("sessions", "sessions/sso/Apple"):
        answer = await mock.http.post(f"/api/v2/REF30/{path}", headers=headers, data=FULL)
        assert answer.status_code < 500


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path",
    [
        "/~../_mock/health",
        "/~%2e%2e/_mock/health",
        "/~a%2fb/_mock/health",
        "/~a%00/_mock/health",
        "/~" + "a" * 65 + "/_mock/health",
        "/~-/_mock/health",
        "/~a b/_mock/health",
    ],
)
async def test_a_space_name_cannot_traverse_paths(mock: Mock, path: str) -> None:
    assert (await mock.http.get(path)).status_code == 404
    spaces = (await mock.http.get("/_mock/spaces")).json()["spaces"]
    assert set(spaces) <= {"default", "a"}  # a slash ends the name of a space, also percent-encoded


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path",
    [
        "../__init__.py",
        "..%2f__init__.py",
        "%2e%2e/__init__.py",
        "..%5c__init__.py",
        "....//__init__.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "main.js%00.html",
        "",
        ".",
    ],
)
async def test_the_dashboard_serves_only_its_own_files(mock: Mock, path: str) -> None:
    assert (await mock.http.get("/_mock/dashboard/main.js")).status_code == 200
    answer = await mock.http.get(f"/_mock/dashboard/{path}")
    assert answer.status_code in {404, 405}
    assert b"root:" not in answer.content
    assert b"import" not in answer.content


@pytest.mark.anyio
async def test_bodies_of_control_calls_are_bounded(mock: Mock) -> None:
    answer = await mock.http.post("/_mock/behaviours", content=b'{"a":"' + b"x" * 2_000_000 + b'"}')
    assert answer.status_code == 413


@pytest.mark.anyio
async def test_a_body_up_to_a_high_limit_is_read_to_its_end() -> None:
    chunk = bytes(16 * 1_048_576)
    messages = iter([{"type": "http.request", "body": chunk, "more_body": n < 5} for n in range(6)])
    scope = {"method": "POST", "space_path": "/", "query_string": b"", "headers": [], "scheme": "http"}

    async def receive() -> dict[str, object]:
        return next(messages)

    inbound = await read_inbound({**scope, "space_prefix": ""}, receive, 6 * len(chunk))
    assert len(inbound.body) == 6 * len(chunk)


@pytest.mark.anyio
async def test_journal_har_events_and_metrics_contain_no_secret() -> None:
    """Send unique values for every secret; every view of exchanges must contain none of them."""
    mock = Mock(Settings(throttle=None))
    statement = (await mock.http.get("/_mock/software-statement")).text
    credentials = await mock.register()
    token = (await mock.token(credentials))["access_token"]
    headers = await mock.logged_in()
    (permit,) = await mock.decide(headers, "authorize", "REF30")
    planted = {name: f"planted-{name}" for name in ("cookie", "password", "service", "subject")}
    tokens = {"AD-Service-Token": planted["service"], "Adobe-Subject-Token": planted["subject"]}
    session = await mock.session({**headers, **tokens, "Cookie": f"id={planted['cookie']}"}, mvpd="Spectrum")
    login = {"requestor_id": "REF30", "code": session["code"], "username": "viewer", "password": planted["password"]}
    await mock.http.post("/mvpd/Spectrum/login", data=login)
    await mock.http.get("/activate", params={"password": planted["password"]})
    secrets = [statement, credentials["client_secret"], token, headers["Authorization"].split()[1]]
    secrets += [permit["token"]["serializedToken"], *planted.values()]
    calls = ("exchanges", "exchanges.har", "metrics", "findings", "sessions", "catalogue")
    shown = [(await mock.http.get(f"/_mock/{call}")).text for call in calls]
    for secret in secrets:
        assert not any(secret in text for text in shown), secret
    assert "sha256:" in shown[0]
    assert session["code"] not in shown[2]
    await mock.http.aclose()
