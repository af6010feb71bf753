"""What an exchange with Adobe Pass is about, told from outside: by the path, the headers and the answers before it.

The mock knows from its own state what a proxy, or the reader of somebody else's trace, has to learn: whose an access
token is, and which device and MVPD stand behind a code. Secrets may be masked, as equal ones stay equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from pass_harness.mock_server.adobe.headers import device_identifier
from pass_harness.mock_server.bounded import Bounded
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.gateway.cors import PREFLIGHT
from pass_harness.mock_server.gateway.path_tree import PathTree
from pass_harness.mock_server.routes import by_path
from pass_harness.mock_server.space_paths import PREFIX

_REMEMBERED = 100_000
"""Codes, and access tokens."""


class _Session(NamedTuple):
    """What stands behind a code."""

    mvpd: str | None
    device: str | None


class Recognised(NamedTuple):
    """What an exchange is about, as far as it is known; named as in `Exchange`."""

    endpoint: str
    service_provider: str | None
    mvpd: str | None
    code: str | None
    client_id: str | None
    device: str | None


class Recogniser:
    """Sees exchanges in the order of their answers."""

    def __init__(self) -> None:
        self._clients: Bounded[str, str] = Bounded(_REMEMBERED)
        self._sessions: Bounded[tuple[str | None, str], _Session] = Bounded(_REMEMBERED)

    def recognise(self, exchange: Exchange) -> Recognised:
        """By what it sent and what it was answered alone."""
        endpoint, values = _found(exchange.method, exchange.path)
        sent = _sent(exchange) if endpoint.startswith(_TELLING) else {}
        told = _json_object(exchange.response_body) if endpoint in _LEARNED else {}
        service_provider = values.get("serviceProvider") or sent.get("requestor_id")
        code = values.get("code") or _text(told, "code") or sent.get("code")
        identifier = device_identifier(exchange.request_headers.get("ap-device-identifier"))
        device = identifier.decoded if identifier else None
        known = self._sessions.get((service_provider, code)) if code else None
        mvpd = _text(told, "mvpd") or sent.get("mvpd") or sent.get("mvpd_id") or values.get("mvpd")
        if known is not None:
            mvpd, device = mvpd or known.mvpd, known.device or device
        if code and endpoint in _SESSIONS:
            self._sessions.put((service_provider, code), _Session(mvpd, device))
        return Recognised(
            endpoint=endpoint,
            service_provider=service_provider,
            mvpd=mvpd,
            code=code,
            client_id=self._client(exchange, endpoint, sent, told),
            device=device,
        )

    def _client(
        self, exchange: Exchange, endpoint: str, sent: Mapping[str, str], told: Mapping[str, Any]
    ) -> str | None:
        if endpoint == "dcr.register":
            return _text(told, "client_id")
        if endpoint == "dcr.token":
            client, token = sent.get("client_id"), _text(told, "access_token")
            if client is None or token is None:
                return None
            self._clients.put(token, client)
            return client
        scheme, _, token = exchange.request_headers.get("authorization", "").partition(" ")
        return self._clients.get(token.strip()) if scheme.lower() == "bearer" else None


_SESSIONS = frozenset({"sessions.create", "sessions.resume", "sessions.partner"})
_LEARNED = _SESSIONS | {"dcr.register", "dcr.token"}
"""Endpoints whose answers say something of later requests."""
_TELLING = ("dcr.token", "sessions.", "temppass.", "browser.saml", "browser.login")
"""Endpoints whose parameters say what a request is about."""


_PATHS = PathTree(by_path().items())


def endpoint_of(method: str, path: str) -> str:
    """The id of the endpoint of a path, prefixed with a space or not; empty if there is none."""
    prefix = PREFIX.match(path)
    return _found(method, path[prefix.end() :] if prefix else path)[0]


def _found(method: str, path: str) -> tuple[str, dict[str, str]]:
    """The id of the endpoint and the values in the path; as the gateway finds them."""
    found = _PATHS.find(path.rstrip("/") or "/")
    if found is None:
        return "", {}
    endpoints, values = found
    endpoint = endpoints.get(method) or next(iter(endpoints.values()))
    if method == PREFLIGHT.method and not endpoint.id.startswith("browser."):
        return PREFLIGHT.id, values
    return endpoint.id, values


def _sent(exchange: Exchange) -> Mapping[str, str]:
    """The parameters of a request, wherever they are."""
    body = exchange.request_body
    if body.lstrip().startswith("{"):
        return {name: value for name, value in _json_object(body).items() if isinstance(value, str)}
    return dict(parse_qsl(f"{exchange.query}&{body}"))


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except UNREADABLE:
        return {}


def _text(told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value if isinstance(value, str) else None
