"""A recorded request without the values that state decides, so that a mock can answer it.

Tokens, codes, service providers, MVPDs and credentials of a record mean nothing to another mock. Their places are
kept, and a replay fills them with values of its own: valid ones, or one that is not. What the request alone shows
stays as it is: its method, a missing or malformed header, an unreadable body, an undocumented parameter.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import msgspec

from pass_harness.mock_server.adobe import headers as parsed
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.gateway.endpoint import Endpoint

_MASKED = re.compile(r"(?:\w+\s+)?sha256:[0-9a-f]{16}")
"""A header value that the journal has masked; whether it was well-formed is no longer to be seen."""
_LOST = "\ufffd"
"""Stands in a record for bytes that are no text."""
DEVICE = "fingerprint " + base64.b64encode(b"replayed device").decode()
_OBJECT = base64.b64encode(b'{"model":"TV","osName":"tvOS","primaryHardwareType":"SetTopBox"}').decode()
_PLACES = {
    "serviceProvider": "service_provider",
    "requestor_id": "service_provider",
    "mvpd": "mvpd",
    "mvpd_id": "temp_pass",
    "code": "code",
    "software_statement": "statement",
    "client_id": "client_id",
    "client_secret": "client_secret",
    "SAMLResponse": "saml",
}
"""Values that state decides, by the name of the parameter in path, query string or body."""
_KEPT = re.compile(r"[A-Za-z_-]{1,40}")


class Request(NamedTuple):
    """A request in which ``{name}`` stands for a value of the replay. Equal requests have equal answers."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    content: str

    def has(self, name: str) -> bool:
        """Return whether a value of this name is in the request."""
        return f"{{{name}}}" in f"{self.path}\n{self.query}\n{self.headers}\n{self.content}"


def request_of(exchange: Exchange, endpoint: Endpoint) -> Request:
    """Return the request of an exchange with an endpoint."""
    return Request(
        method=exchange.method,
        path=re.sub(r"{(\w+)}", lambda found: _path_value(exchange, endpoint, found[1]), endpoint.path),
        query=tuple(_pairs(exchange.query)),
        headers=tuple(_headers(exchange.request_headers)),
        content=_body(exchange.request_body),
    )


def is_whole(exchange: Exchange) -> bool:
    """Return whether a record has the body of a request as it was sent."""
    return "request_body" not in exchange.lacks and _LOST not in exchange.request_body


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a part of a request with the values of a replay."""
    return re.sub(r"{(\w+)}", lambda found: values.get(found[1], found[0]), text)


def _path_value(exchange: Exchange, endpoint: Endpoint, name: str) -> str:
    if name in _PLACES:
        return f"{{{_PLACES[name]}}}"
    # The partner: the word itself counts.
    parts = [part for part in exchange.path.split("/") if part]
    index = [part for part in endpoint.path.split("/") if part].index(f"{{{name}}}")
    value = parts[index] if index < len(parts) else ""
    return value if _KEPT.fullmatch(value) else "other"


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(name, _value(name, value)) for name, value in parse_qsl(text, keep_blank_values=True)]


def _value(name: str, value: str) -> str:
    if value and name in _PLACES:
        return f"{{{_PLACES[name]}}}"
    return value.replace("{", "(").replace("}", ")")


def _headers(sent: Mapping[str, str]) -> list[tuple[str, str]]:
    found = {
        "authorization": _authorization(sent.get("authorization")),
        "ap-device-identifier": _kept(sent, "ap-device-identifier", parsed.device_identifier, DEVICE),
        "x-device-info": _kept(sent, "x-device-info", parsed.device_info, _OBJECT),
        "ap-temppass-identity": _kept(sent, "ap-temppass-identity", parsed.decode_base64, _OBJECT),
        "ap-partner-framework-status": "{framework}" if "ap-partner-framework-status" in sent else None,
        "x-sso-id": _place(sent, "x-sso-id", "common_identifier"),
        "x-sso-link": _place(sent, "x-sso-link", "link"),
        "ad-service-token": _place(sent, "ad-service-token", "service_token"),
        "content-type": sent.get("content-type", "").partition(";")[0].strip().lower() or None,
    }
    return [(name, value) for name, value in found.items() if value is not None]


def _place(sent: Mapping[str, str], header: str, name: str) -> str | None:
    """Return the place of a header's value, nothing for an empty one, None for none."""
    value = sent.get(header)
    return f"{{{name}}}" if value and value.strip() else value


def _authorization(sent: str | None) -> str | None:
    if sent is None:
        return None
    is_masked = sent.lower().startswith("bearer ") and _MASKED.fullmatch(sent.strip())
    if parsed.bearer_token(sent) is not None or is_masked:
        return "Bearer {token}"
    return "malformed"


def _kept(sent: Mapping[str, str], name: str, parse: Any, valid: str) -> str | None:  # noqa: ANN401 - any parser
    """Return a valid value for a valid one, a malformed one for a malformed one, None for none."""
    value = sent.get(name)
    if value is None:
        return None
    return valid if _MASKED.fullmatch(value) or (value.strip() and parse(value) is not None) else "%"


def _body(text: str) -> str:
    """Return a body with the places of its values: a JSON object, or a form."""
    if not text.lstrip().startswith("{"):
        return urlencode(_pairs(text.strip()), safe="{}")
    try:
        members = msgspec.json.decode(text, type=dict[str, Any])
    except UNREADABLE:
        return "{"
    return msgspec.json.encode({name: _member(name, value) for name, value in members.items()}).decode()


def _member(name: str, value: object) -> object:
    if isinstance(value, str):
        return _value(name, value)
    if name in {"resources", "devices"} and isinstance(value, list):
        # Which ones they are does not matter to the checks, but whether they are texts, and how many.
        return ["named" if isinstance(one, str) and one.strip() else None for one in value[:100]]
    return value if isinstance(value, bool | int | float | None) else []
