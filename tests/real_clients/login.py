"""A whole login, from the registration of a client application to the logout, over any HTTP client."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode


class Request(NamedTuple):
    """A request; an empty body means none."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    status: int
    body: bytes


Send = Callable[[Request], Answer]

ENDPOINTS = [
    *("dcr.register", "dcr.token", "configuration", "sessions.create", "sessions.resume", "profiles.code"),
    *("decisions.authorize", "logout"),
]
"""Ids of the endpoints that a login calls, in order."""
VIEWER = {
    "mvpd": "Cablevision",
    "domainName": "adobe.com",
    "redirectUrl": "https://adobe.com/?name=a%20b&c=d",
}
_DEVICE = base64.b64encode(b"a real device").decode()
_INFO = base64.b64encode(b'{"primaryHardwareType":"SetTopBox","model":"TV","osName":"tvOS"}').decode()


def log_in_and_out(send: Send, base_url: str, statement: str, enter: Callable[[str], None]) -> None:
    """Register, log in, watch and log out; an assertion fails at the first answer without its content.

    ``enter`` is called with the code of the session, and completes the login as the viewer does in a browser.
    """
    headers = {"X-Device-Info": _INFO}

    def call(method: str, path: str, content: dict[str, Any] | None = None, *, form: bool = False) -> dict[str, Any]:
        body, kind = b"", {}
        if content is not None:
            body = (urlencode(content) if form else json.dumps(content)).encode()
            kind = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"}
        answer = send(Request(method, base_url + path, {**headers, **kind}, body))
        assert answer.status in {200, 201}, f"{method} {path}: {answer}"
        decoded: dict[str, Any] = json.loads(answer.body)
        return decoded

    credentials = call("POST", "/o/client/register", {"software_statement": statement})
    secrets = {name: credentials[name] for name in ("client_id", "client_secret")}
    token = call("POST", "/o/client/token", {**secrets, "grant_type": "client_credentials"}, form=True)
    headers["Authorization"] = f"Bearer {token['access_token']}"
    assert call("GET", "/api/v2/REF30/configuration")["requestor"]["mvpds"]
    headers["AP-Device-Identifier"] = f"fingerprint {_DEVICE}"
    session = call("POST", "/api/v2/REF30/sessions", {"mvpd": VIEWER["mvpd"]}, form=True)
    assert session["missingParameters"] == ["domainName", "redirectUrl"]
    code = session["code"]
    resumed = call("POST", f"/api/v2/REF30/sessions/{code}", VIEWER, form=True)
    assert "missingParameters" not in resumed
    enter(code)
    assert list(call("GET", f"/api/v2/REF30/profiles/code/{code}")["profiles"]) == ["Cablevision"]
    decided = call("POST", "/api/v2/REF30/decisions/authorize/Cablevision", {"resources": ["REF30"]})
    assert decided["decisions"][0]["token"]["serializedToken"]
    logout = call("GET", "/api/v2/REF30/logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com%2F")
    assert logout["logouts"]["Cablevision"]["actionName"] == "logout"
