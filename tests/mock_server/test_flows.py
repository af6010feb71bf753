"""Sessions, profiles, decisions and logout, as the API pages describe them."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from pass_harness.mock_server.signing.keys import default_keys
from pass_harness.mock_server.signing.media_tokens import Status, verify
from tests.mock_server.conftest import FULL, Mock, device_headers

pytestmark = pytest.mark.anyio
SESSIONS = "/api/v2/REF30/sessions"


async def test_a_complete_session_leads_to_authenticate(mock: Mock) -> None:
    session = await mock.session(await mock.signed_on())
    code = session["code"]
    assert len(code) == 7
    assert code.isalnum()
    assert code == code.upper()
    assert session == {
        "actionName": "authenticate",
        "actionType": "interactive",
        "reasonType": "none",
        "url": f"/api/v2/authenticate/REF30/{code}",
        "code": code,
        "sessionId": session["sessionId"],
        "mvpd": "Cablevision",
        "serviceProvider": "REF30",
        "notBefore": str(mock.clock.now_ms()),
        "notAfter": str(mock.clock.now_ms() + 30 * 60_000),
    }


async def test_an_empty_session_is_resumed_step_by_step(mock: Mock) -> None:
    headers = await mock.signed_on()
    session = (await mock.http.post(SESSIONS, headers=headers)).json()
    assert (session["actionName"], session["actionType"]) == ("resume", "direct")
    assert session["missingParameters"] == ["mvpd", "domainName", "redirectUrl"]
    assert session["url"] == f"/api/v2/REF30/sessions/{session['code']}"
    part = (
        await mock.http.post(session["url"], headers=headers, data={"mvpd": "Dish", "domainName": "adobe.com"})
    ).json()
    assert (part["actionName"], part["missingParameters"]) == ("retry", ["redirectUrl"])
    state = (await mock.http.get(session["url"], headers=headers)).json()
    assert state["existingParameters"] == {"mvpd": "Dish", "domainName": "adobe.com", "serviceProvider": "REF30"}
    assert state["missingParameters"] == ["redirectUrl"]
    assert state["device"]["type"] == "SetTopBox"
    assert state["notAfter"] == session["notAfter"]
    whole = (await mock.http.post(session["url"], headers=headers, data={"redirectUrl": "https://adobe.com"})).json()
    assert (whole["actionName"], whole["code"]) == ("authenticate", session["code"])


async def test_a_viewer_logs_in_in_a_browser(mock: Mock) -> None:
    headers = await mock.signed_on()
    session = await mock.session(headers)
    polled = f"/api/v2/REF30/profiles/code/{session['code']}"
    assert (await mock.http.get(polled, headers=headers)).json() == {"profiles": {}}
    first = await mock.http.get(session["url"])
    assert first.status_code == 302
    location = urlsplit(first.headers["location"])
    assert location.path == "/adobe-services/authenticate/saml"
    query = parse_qs(location.query)
    assert (query["mso_id"], query["requestor_id"], query["domain_name"]) == (
        ["Cablevision"],
        ["REF30"],
        ["adobe.com"],
    )
    form = (await mock.http.get(first.headers["location"])).headers["location"]
    assert "Sign in with Optimum" in (await mock.http.get(form)).text
    wrong = await mock.http.post(form, data={"username": "viewer", "password": "<b>"})
    assert (wrong.status_code, "password is wrong" in wrong.text) == (401, True)
    assert (await mock.http.get(polled, headers=headers)).json() == {"profiles": {}}
    right = await mock.http.post(form, data={"username": "viewer", "password": "viewer"})
    assert (right.status_code, right.headers["location"]) == (302, FULL["redirectUrl"])
    profile = (await mock.http.get(polled, headers=headers)).json()["profiles"]["Cablevision"]
    assert (profile["issuer"], profile["type"]) == ("Cablevision", "regular")
    assert profile["attributes"]["userID"] == {"value": "1o7241p", "state": "plain"}
    assert profile["notBefore"] == mock.clock.now_ms()


async def test_cancelling_leads_back_without_a_profile(mock: Mock) -> None:
    headers = await mock.signed_on()
    code = (await mock.session(headers))["code"]
    form = f"/mvpd/Cablevision/login?requestor_id=REF30&code={code}"
    answer = await mock.http.post(form, data={"username": "", "password": "", "cancel": "1"})
    assert (answer.status_code, answer.headers["location"]) == (302, FULL["redirectUrl"])
    assert (await mock.http.get("/api/v2/REF30/profiles", headers=headers)).json() == {"profiles": {}}


async def test_request_values_are_escaped_on_the_page(mock: Mock) -> None:
    code = (await mock.session(await mock.signed_on()))["code"]
    form = f"/mvpd/Cablevision/login?requestor_id=REF30&code={code}"
    page = (await mock.http.post(form, data={"username": '"><script>x</script>', "password": "x"})).text
    assert "<script>x" not in page
    unknown = (await mock.http.get("/api/v2/authenticate/%3Cscript%3Ex/ABCDEFG")).text
    assert "<script>x" not in unknown


async def test_a_new_session_ends_the_earlier_code(mock: Mock) -> None:
    headers = await mock.signed_on()
    old, new = (await mock.session(headers))["code"], (await mock.session(headers))["code"]
    answer = await mock.http.get(f"/api/v2/REF30/profiles/code/{old}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_authentication_session")
    assert (await mock.http.get(f"/api/v2/REF30/profiles/code/{new}", headers=headers)).status_code == 200
    assert (await mock.http.get(f"/api/v2/authenticate/REF30/{old}")).status_code == 400


async def test_the_code_of_another_device_is_not_ended(mock: Mock) -> None:
    headers = await mock.signed_on()
    first = (await mock.session(headers))["code"]
    await mock.session(headers | device_headers("another device"))
    assert (await mock.http.get(f"/api/v2/REF30/profiles/code/{first}", headers=headers)).status_code == 200


async def test_expired_and_unknown_codes_have_distinct_errors(mock: Mock) -> None:
    headers = await mock.signed_on()
    code = (await mock.session(headers))["code"]
    mock.clock.tick(30 * 60)
    expired = (await mock.http.get(f"/api/v2/REF30/profiles/code/{code}", headers=headers)).json()
    unknown = (await mock.http.get("/api/v2/REF30/profiles/code/NOSUCH1", headers=headers)).json()
    assert (expired["code"], unknown["code"]) == ("invalid_authentication_session", "invalid_parameter_code")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_session_of_an_expired_replaced_or_unknown_code_has_an_error(mock: Mock, method: str) -> None:
    headers = await mock.signed_on()
    replaced, expired = (await mock.session(headers))["code"], (await mock.session(headers))["code"]

    async def error(code: str) -> tuple[int, str]:
        answer = await mock.http.request(method, f"{SESSIONS}/{code}", headers=headers)
        return answer.status_code, answer.json()["code"]

    assert await error(replaced) == (400, "invalid_authentication_session")
    assert (await mock.http.request(method, f"{SESSIONS}/{expired}", headers=headers)).status_code == 200
    mock.clock.tick(30 * 60)
    assert await error(expired) == (400, "invalid_authentication_session")
    assert await error("NOSUCH1") == (400, "invalid_parameter_code")


async def test_errors_of_authenticate_are_pages(mock: Mock) -> None:
    unknown = await mock.http.get("/api/v2/authenticate/REF30/NOSUCH1")
    await mock.behave({"error": "internal_server_error"}, match={"endpoint": "authenticate"})
    failed = await mock.http.get("/api/v2/authenticate/REF30/NOSUCH1")
    assert [answer.status_code for answer in (unknown, failed)] == [400, 500]
    assert {answer.headers["content-type"] for answer in (unknown, failed)} == {"text/html; charset=utf-8"}


async def test_a_session_while_logged_in_returns_authorize(mock: Mock) -> None:
    headers = await mock.logged_in()
    session = await mock.session(headers)
    assert (session["actionName"], session["reasonType"]) == ("authorize", "authenticated")
    assert session["url"] == "/api/v2/REF30/decisions/authorize/Cablevision"
    assert "code" not in session
    assert "notAfter" not in session


async def test_profiles_belong_to_client_and_device(mock: Mock) -> None:
    headers = await mock.logged_in()
    assert "Cablevision" in (await mock.http.get("/api/v2/REF30/profiles", headers=headers)).json()["profiles"]
    other_device = headers | device_headers("another device")
    other_client = await mock.signed_on()
    for strangers in (other_device, other_client):
        assert (await mock.http.get("/api/v2/REF30/profiles", headers=strangers)).json() == {"profiles": {}}


async def test_a_profile_vanishes_at_its_end_and_decisions_say_so(mock: Mock) -> None:
    headers = await mock.logged_in()
    mock.clock.tick(5 * 3600)
    assert (await mock.decide(headers, "authorize", "REF30"))[0]["authorized"]
    credentials_end = 30 * 86_400
    await mock.behave({"ttl": {"access_token": "90d"}})
    code = (await mock.session(fresh := await mock.signed_on()))["code"]
    await mock.http.post(f"/_mock/sessions/{code}/login", json={})
    mock.clock.tick(credentials_end)
    assert (await mock.http.get("/api/v2/REF30/profiles/Cablevision", headers=fresh)).json() == {"profiles": {}}
    assert (await mock.decide(fresh, "authorize", "REF30"))[0]["error"]["code"] == "authenticated_profile_expired"


async def test_decisions_without_and_after_a_profile_give_the_reason(mock: Mock) -> None:
    headers = await mock.signed_on()
    missing = (await mock.decide(headers, "preauthorize", "REF30"))[0]
    assert missing["error"]["code"] == "authenticated_profile_missing"
    assert missing["error"]["action"] == "authentication"
    headers = await mock.logged_in()
    assert (await mock.http.post("/_mock/profiles/end", json={"mvpd": "Cablevision"})).json() == {"ended": 1}
    ended = (await mock.decide(headers, "authorize", "REF30"))[0]
    assert (ended["authorized"], ended["error"]["code"]) == (False, "authenticated_profile_invalidated")
    assert "token" not in ended


async def test_preauthorization_permits_and_denies_without_tokens(mock: Mock) -> None:
    headers = await mock.logged_in()
    decisions = await mock.decide(headers, "preauthorize", "resource1", "resource2", "resource3")
    assert [d["authorized"] for d in decisions] == [True, True, False]
    assert not any("token" in d or "notAfter" in d for d in decisions)
    assert decisions[2]["error"]["code"] == "preauthorization_denied_by_mvpd"
    assert decisions[0] == {
        "resource": "resource1",
        "serviceProvider": "REF30",
        "mvpd": "Cablevision",
        "source": "mvpd",
        "authorized": True,
    }


async def test_a_permit_carries_a_fresh_media_token_each_time(mock: Mock) -> None:
    headers = await mock.logged_in()
    first = (await mock.decide(headers, "authorize", "REF30"))[0]
    mock.clock.tick(60)
    second = (await mock.decide(headers, "authorize", "REF30"))[0]
    assert (second["notBefore"], second["notAfter"]) == (first["notBefore"], first["notAfter"])
    assert first["token"]["serializedToken"] != second["token"]["serializedToken"]
    assert second["token"]["notAfter"] - second["token"]["notBefore"] == 7 * 60_000
    key = default_keys().media_token.public_key()
    status, token = verify(second["token"]["serializedToken"], "REF30", mock.clock.now_ms(), key)
    assert status is Status.VALID_TOKEN
    assert token is not None
    assert (token.requestor_id, token.mvpd_id) == ("REF30", "Cablevision")


async def test_a_denial_has_the_partners_message(mock: Mock) -> None:
    denied = (await mock.decide(await mock.logged_in(), "authorize", "resource3"))[0]
    assert denied["error"]["details"] == 'Your subscription package does not include the "Live" channel'
    assert denied["error"]["status"] == 403
    assert "notAfter" in denied


async def test_too_many_resources_are_refused(mock: Mock) -> None:
    headers = await mock.logged_in()
    for kind, count in (("preauthorize", 6), ("authorize", 2)):
        body = {"resources": [f"r{n}" for n in range(count)]}
        answer = await mock.http.post(f"/api/v2/REF30/decisions/{kind}/Cablevision", headers=headers, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "too_many_resources")
        assert answer.json()["action"] == "configuration"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"resources":[]}', b'{"resources":[1]}', b'{"resources":"a"}']
)
async def test_malformed_resources_are_an_error(mock: Mock, body: bytes) -> None:
    headers = await mock.logged_in()
    answer = await mock.http.post("/api/v2/REF30/decisions/authorize/Cablevision", headers=headers, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter_resources")


async def test_the_cookbooks_singular_path_is_an_alias(mock: Mock) -> None:
    headers = await mock.logged_in()
    path = "/api/v2/REF30/decision/authorize/Cablevision"
    assert (await mock.http.post(path, headers=headers, json={"resources": ["REF30"]})).status_code == 200
    assert (await mock.exchanges())[-1]["endpoint"] == "decisions.authorize"


async def test_logout_ends_the_profile(mock: Mock) -> None:
    headers = await mock.logged_in()
    path = "/api/v2/REF30/logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com"
    out = (await mock.http.get(path, headers=headers)).json()["logouts"]["Cablevision"]
    assert (out["actionName"], out["actionType"], out["mvpd"]) == ("logout", "interactive", "Cablevision")
    url = urlsplit(out["url"])
    assert (url.path, parse_qs(url.query)["redirect_url"]) == ("/adobe-services/logout", ["https://adobe.com"])
    again = (await mock.http.get(path, headers=headers)).json()["logouts"]["Cablevision"]
    assert again == {"actionName": "invalid", "actionType": "none", "mvpd": "Cablevision"}
    assert (await mock.http.get("/api/v2/REF30/profiles", headers=headers)).json() == {"profiles": {}}


async def test_logout_completes_at_once_without_an_mvpd_logout_endpoint(mock: Mock) -> None:
    headers = await mock.logged_in(mvpd="Dish")
    out = await mock.http.get("/api/v2/REF30/logout/Dish?redirectUrl=https%3A%2F%2Fadobe.com", headers=headers)
    assert out.json() == {"logouts": {"Dish": {"actionName": "complete", "actionType": "none", "mvpd": "Dish"}}}


async def test_logout_without_redirect_url_is_an_error(mock: Mock) -> None:
    answer = await mock.http.get("/api/v2/REF30/logout/Dish", headers=await mock.logged_in(mvpd="Dish"))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter_redirect_url")


async def test_configuration_lists_the_active_integrations(mock: Mock) -> None:
    headers = await mock.signed_on()
    path = "/api/v2/REF30/configuration/"
    requestor = (await mock.http.get(path, headers=headers)).json()["requestor"]
    assert requestor["name"] == "Reference site only in 30"
    assert requestor["domains"][0] == {"name": "adobe.com", "mvpdInitiated": False}
    by_id = {mvpd["id"]: mvpd for mvpd in requestor["mvpds"]}
    assert by_id["TempPass"]["isTempPass"] is True
    assert "isTempPass" not in by_id["Cablevision"]
    await mock.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": False})
    requestor = (await mock.http.get(path, headers=headers)).json()["requestor"]
    assert "Cablevision" not in {mvpd["id"] for mvpd in requestor["mvpds"]}
    answer = await mock.http.post(SESSIONS, headers=headers, data=FULL)
    assert answer.json()["code"] == "invalid_integration"


async def test_a_basic_temppass_needs_no_login_and_runs_out(mock: Mock) -> None:
    headers = await mock.signed_on()
    session = await mock.session(headers, mvpd="TempPass_TEST40")
    assert (session["actionName"], session["reasonType"]) == ("authorize", "temporary")
    permit = (await mock.decide(headers, "authorize", "REF30", mvpd="TempPass_TEST40"))[0]
    assert (permit["source"], permit["authorized"]) == ("temppass", True)
    profile = (await mock.http.get("/api/v2/REF30/profiles/TempPass_TEST40", headers=headers)).json()
    assert profile["profiles"]["TempPass_TEST40"]["type"] == "temporary"
    mock.clock.tick(180)
    refused = (await mock.decide(headers, "authorize", "REF30", mvpd="TempPass_TEST40"))[0]
    assert refused["error"]["code"] == "temporary_access_duration_limit_exceeded"
    answer = await mock.http.get("/api/v2/REF30/profiles/TempPass_TEST40", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "temporary_access_duration_limit_exceeded")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v2/NOPE/profiles", 400, "invalid_parameter_service_provider"),
        ("GET", "/api/v2/REF30/profiles/NoSuchMvpd", 400, "invalid_parameter_mvpd"),
        ("GET", "/api/v2/REF30/sessions/NOSUCH1", 400, "invalid_parameter_code"),
        ("GET", "/api/v2/apasstest1/profiles/AdobePass_SMI", 400, "invalid_integration"),
    ],
)
async def test_wrong_parameters_have_their_own_errors(
    mock: Mock, method: str, path: str, status: int, code: str
) -> None:
    answer = await mock.http.request(method, path, headers=await mock.signed_on())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"action", "status", "code", "message", "helpUrl", "trace"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
async def test_a_wrong_method_is_405_with_the_allowed_methods(mock: Mock, method: str) -> None:
    answer = await mock.http.request(method, "/api/v2/REF30/profiles")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert (answer.content, "content-type" in answer.headers) == (b"", False)


@pytest.mark.parametrize(
    "identifier", [None, "", "fingerprint", "fingerprint %%%", "fingerprint abc def", "x" * 5000]
)
async def test_a_malformed_device_identifier_is_an_error(mock: Mock, identifier: str | None) -> None:
    headers = await mock.signed_on()
    del headers["AP-Device-Identifier"]
    if identifier is not None:
        headers["AP-Device-Identifier"] = identifier
    answer = await mock.http.get("/api/v2/REF30/profiles", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_header_device_identifier")


@pytest.mark.parametrize("info", ["", "%%%", base64.b64encode(b"[1]").decode(), base64.b64encode(b"{").decode()])
async def test_malformed_device_information_only_shortens_the_login(mock: Mock, info: str) -> None:
    headers = (await mock.signed_on()) | {"X-Device-Info": info}
    code = (await mock.session(headers))["code"]
    await mock.http.post(f"/_mock/sessions/{code}/login", json={})
    profile = (await mock.http.get(f"/api/v2/REF30/profiles/code/{code}", headers=headers)).json()["profiles"][
        "Cablevision"
    ]
    assert profile["notAfter"] - profile["notBefore"] == 12 * 3_600_000


UNUSABLE = [
    *("nowhere", "//host", "javascript:alert(1)", "data:text/html,x", "file:///etc/hosts"),
    *("https://", "http://a b", "http://[", "https://adobe.com\n"),
]


@pytest.mark.parametrize("url", UNUSABLE)
async def test_an_unusable_redirect_url_is_an_error(mock: Mock, url: str) -> None:
    answer = await mock.http.post(SESSIONS, headers=await mock.signed_on(), data={**FULL, "redirectUrl": url})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter_redirect_url")


async def test_a_body_of_ten_megabytes_is_413(mock: Mock) -> None:
    answer = await mock.http.post(SESSIONS, headers=await mock.signed_on(), content=b"x" * 10_000_000)
    assert answer.status_code == 413
