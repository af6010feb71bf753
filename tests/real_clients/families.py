"""Logins in the request shapes of public clients: a browser extension, clients of video recorders, shell scripts.

All of them work against Adobe Pass, though they send what no page documents. The code is our own; the order of the
calls, the places of the parameters, the headers and the encodings are those of the public clients (November 2026).
"""

from __future__ import annotations

import base64
import json
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx

from tests.real_clients.login import Answer, Request
from tests.real_clients.raw_bytes import Curl
from tests.real_clients.viewer import sign_in

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
MRSS = (
    '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>REF30</title><item>'
    '<title>News</title><guid>7</guid><media:rating scheme="urn:v-chip">TV-G</media:rating></item></channel></rss>'
)
IDENTITY = base64.b64encode(b'{"email":"0f1e2d"}').decode()


class Target(NamedTuple):
    """Base URL of Adobe Pass, and the software statement of an application."""

    base: str
    statement: str


def fingerprint(identifier: str) -> str:
    return f"fingerprint {base64.b64encode(identifier.encode()).decode()}"


def answered(answer: httpx.Response, status: int = 200) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON of an answer with a status; an assertion fails at another one."""
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json() if answer.content else None


def opened(headers: dict[str, str]) -> httpx.Client:
    return httpx.Client(headers=headers, trust_env=False, timeout=20)


# Browser extension


def browser_extension(target: Target) -> None:
    """Register with members of RFC 7591, and look for the profile by MVPD, by code and among all.

    Registration, token and the first configuration have no device headers. The second token comes by a query string.
    """
    device = {
        "Accept": "application/json",
        "AP-Device-Identifier": fingerprint("6f3c1a52-6c1e-4d0e-8f0a-3c7b9e1d2a44"),
        "X-Device-Info": _extension_device(),
    }
    with opened({"Origin": "chrome-extension://abcdefghijklmnop", "Accept": "application/json"}) as http:

        def token(credentials: dict[str, str], *, form: bool) -> dict[str, str]:
            secrets = {"grant_type": "client_credentials", "scope": "api:client:v2"}
            secrets |= {name: credentials[name] for name in ("client_id", "client_secret")}
            url = f"{target.base}/o/client/token"
            answer = http.post(url, data=secrets) if form else http.post(f"{url}?{urlencode(secrets)}")
            return {"Authorization": f"Bearer {answered(answer, 201)['access_token']}"}

        registration = {
            "software_statement": target.statement,
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_post",
        }
        credentials = answered(http.post(f"{target.base}/o/client/register", json=registration), 201)
        again = http.post(f"{target.base}/o/client/register", data={"software_statement": target.statement})
        assert answered(again, 201)["client_id"] != credentials["client_id"]
        bearer = token(credentials, form=True)
        api = f"{target.base}/api/v2/REF30"
        headers = {**bearer, **device}
        for own in (bearer, {**headers, "Accept": "application/json;charset=utf-8"}):
            assert answered(http.get(f"{api}/configuration", headers=own))["requestor"]["domains"]
        form = {"mvpd": "Spectrum", "domainName": "adobe.com", "redirectUrl": "https://adobe.com/interactive/"}
        session = answered(http.post(f"{api}/sessions", data=form, headers=headers))
        assert sign_in(f"{target.base}{session['url']}") == form["redirectUrl"]
        bearer = token(credentials, form=False)
        headers = {**bearer, **device}
        for path in ("profiles/Spectrum", f"profiles/code/{session['code']}", "profiles"):
            found = answered(http.get(f"{api}/{path}", headers=headers))
            assert list(found["profiles"]) == ["Spectrum"]
        for kind, resources in (("preauthorize", ["REF30", "news"]), ("authorize", ["REF30"])):
            url = f"{api}/decisions/{kind}/Spectrum"
            decided = answered(
                http.post(url, content=json.dumps({"resources": resources}), headers={**headers, **JSON})
            )
            assert [each["authorized"] for each in decided["decisions"]] == [True] * len(resources)
        logout = http.get(f"{api}/logout/Spectrum?redirectUrl=https%3A%2F%2Fadobe.com%2F", headers=headers)
        assert answered(logout)["logouts"]["Spectrum"]["actionName"] == "logout"
        assert answered(http.get(f"{api}/profiles/Spectrum", headers=headers)) == {"profiles": {}}
        trial = {**headers, "AP-TempPass-Identity": IDENTITY}
        url = f"{api}/decisions/authorize/flexibleTempPass"
        decided = answered(http.post(url, content='{"resources":["REF30"]}', headers={**trial, **JSON}))
        assert decided["decisions"][0]["token"]["serializedToken"]
        reset = {"requestor_id": "REF30", "mvpd_id": "flexibleTempPass", "device_id": "all"}
        answered(http.delete(f"{target.base}/reset-tempass/v3/reset?{urlencode(reset)}", headers=bearer), 204)


def _extension_device() -> str:
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
    facts = {
        "primaryHardwareType": "Desktop",
        "model": "Linux x86_64",
        "version": "1.0",
        "osName": "Linux",
        "osVersion": agent,
        "browserName": "Chrome",
        "connectionType": "4g",
        "connectionSecure": False,
        "applicationId": "extension",
    }
    return base64.b64encode(json.dumps(facts).encode()).decode()


# Clients of video recorders


def recorder_by_profile(target: Target) -> None:
    """Send AP-Device-Identifier with every call, registration included, and no X-Device-Info; poll by MVPD."""
    site = {"Origin": "https://www.adobe.com", "Referer": "https://www.adobe.com/"}
    with opened({**site, "ap-device-identifier": fingerprint("recorder")}) as http:
        bearer = _registered(http, target, charset="")
        api = f"{target.base}/api/v2/REF30"
        form = {"mvpd": "Comcast_SSO", "redirectUrl": "https://www.adobe.com/", "domainName": "adobe.com"}
        session = answered(http.post(f"{api}/sessions", data=form, headers={**bearer, **FORM}))
        page = http.get(f"{target.base}{session['url']}", headers=bearer)
        assert page.status_code == 302
        assert answered(http.get(f"{api}/profiles/Comcast_SSO", headers=bearer)) == {"profiles": {}}
        assert sign_in(page.headers["location"]) == form["redirectUrl"]
        profile = answered(http.get(f"{api}/profiles/Comcast_SSO", headers=bearer))["profiles"]["Comcast_SSO"]
        assert profile["type"] == "regular"
        url = f"{api}/decisions/preauthorize/Comcast_SSO"
        decided = answered(http.post(url, json={"resources": ["a", "b", "c"]}, headers=bearer))
        assert {each["resource"]: each["authorized"] for each in decided["decisions"]} == dict.fromkeys("abc", True)


def recorder_by_code(target: Target) -> None:
    """Send Base64 that is no JSON as X-Device-Info and a URL as domainName; read profiles by code, later once more.

    A play on another connection reuses code and token without a new login. Each media token serves one play.
    """
    info = base64.b64encode(b"platform=Windows;mobile=false;cores=12").decode()
    device = {"ap-device-identifier": fingerprint("recorder 2"), "x-device-info": info}
    api = f"{target.base}/api/v2/REF30"

    def decided(http: httpx.Client, headers: dict[str, str], code: str) -> str:
        found = answered(http.get(f"{api}/profiles/code/{code}", headers={**headers, **JSON}))
        assert found["profiles"]["Spectrum"]["attributes"]["userID"]["value"]
        url = f"{api}/decisions/authorize/Spectrum"
        decision = answered(http.post(url, json={"resources": ["REF30"]}, headers=headers))["decisions"][0]
        assert decision["token"]["notAfter"] > decision["token"]["notBefore"]
        return str(decision["token"]["serializedToken"])

    with opened({"Accept": "*/*", "Accept-Language": "en-US,en;q=0.9"}) as http:
        bearer = _registered(http, target, charset="; charset=UTF-8")
        headers = {**bearer, **device, "Origin": "https://www.adobe.com"}
        form = {"mvpd": "Spectrum", "domainName": "https://adobe.com", "redirectUrl": "https://www.adobe.com/live"}
        session = answered(http.post(f"{api}/sessions", data=form, headers=headers))
        page = http.get(f"{target.base}{session['url']}", headers={**headers, "Accept": "text/html,*/*"})
        assert page.status_code == 200
        early = answered(http.get(f"{api}/profiles/code/{session['code']}", headers=headers))
        assert early == {"profiles": {}}
        assert sign_in(str(page.url), page.text) == form["redirectUrl"]
        first = decided(http, headers, session["code"])
    with opened({}) as http:
        assert decided(http, headers, session["code"]) != first


def recorder_on_trial(target: Target) -> None:
    """Get a token in the query string of an empty POST, and a media token of a TempPass for an MRSS resource."""
    facts = {"deviceType": "web", "osName": "Windows", "primaryHardwareType": "Desktop", "connectionType": "4g"}
    info = base64.b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode()
    with opened({"Accept": "application/json", "Origin": "https://static.adobe.com"}) as http:
        registered = http.post(f"{target.base}/o/client/register", json={"software_statement": target.statement})
        credentials = answered(registered, 201)
        secrets = {name: credentials[name] for name in ("client_id", "client_secret")}
        query = urlencode({**secrets, "grant_type": "client_credentials"})
        token = answered(http.post(f"{target.base}/o/client/token?{query}"), 201)["access_token"]
        headers = {
            "Authorization": f"Bearer {token}",
            "AP-Device-Identifier": fingerprint("tv"),
            "X-Device-Info": info,
        }
        api = f"{target.base}/api/v2/REF30"
        form = {"redirectUrl": "https://app.example.net/back", "domainName": "example.net", "mvpd": "TempPass_TEST40"}
        session = answered(http.post(f"{api}/sessions", data=form, headers=headers))
        assert (session["actionName"], session["actionType"]) == ("authorize", "direct")
        profile = http.get(f"{api}/profiles/TempPass_TEST40", headers={**headers, **JSON})
        assert list(answered(profile)["profiles"]) == ["TempPass_TEST40"]
        url = f"{api}/decisions/authorize/TempPass_TEST40"
        decision = answered(http.post(url, json={"resources": [MRSS]}, headers=headers))["decisions"][0]
        media_token = base64.b64decode(decision["token"]["serializedToken"]).decode()
        assert "<authToken>" in media_token
        assert "<title>News</title>" in media_token


def _registered(http: httpx.Client, target: Target, *, charset: str) -> dict[str, str]:
    statement = json.dumps({"software_statement": target.statement})
    kind = {"Content-Type": f"application/json{charset}"}
    credentials = answered(http.post(f"{target.base}/o/client/register", content=statement, headers=kind), 201)
    form = {"grant_type": "client_credentials"}
    form |= {name: credentials[name] for name in ("client_id", "client_secret")}
    kind = {"Content-Type": f"{FORM['Content-Type']}{charset}"}
    token = answered(http.post(f"{target.base}/o/client/token", data=form, headers=kind), 201)
    return {"Authorization": f"Bearer {token['access_token']}"}


# Shell scripts


def shell_script(target: Target) -> None:
    """Call curl for each request; fetch the token by a POST of type JSON without body and length."""

    def curl(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        url = f"{target.base}{path}"
        with closing(Curl(url, chunked=False)) as client:
            return client.send(Request(method, url, headers, body))

    statement = json.dumps({"software_statement": target.statement}, separators=(",", ":")).encode()
    registered = curl("POST", "/o/client/register", JSON, statement)
    assert registered.status == 201, registered
    credentials = json.loads(registered.body)
    secrets = f"client_id={credentials['client_id']}&client_secret={credentials['client_secret']}"
    issued = curl("POST", f"/o/client/token?grant_type=client_credentials&{secrets}", JSON)
    assert issued.status == 201, issued
    bearer = {"Authorization": f"Bearer {json.loads(issued.body)['access_token']}"}
    reset = "requestor_id=REF30&mvpd_id=TempPass_TEST40&device_id=all"
    assert curl("DELETE", f"/reset-tempass/v3/reset?{reset}", bearer).status == 204
    assert curl("GET", "/api/v2/REF30/configuration", bearer).status == 200
