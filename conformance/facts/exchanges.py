"""The content of an exchange: its kind of endpoint, bodies, decisions and errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, wraps
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from pass_harness.conformance.durations import span
from pass_harness.conformance.observation import Observation
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.journal.masking import mask

S = TypeVar("S", bound=Observation)
T = TypeVar("T")

DCR = frozenset({"dcr.register", "dcr.token"})
SESSIONS = frozenset({"sessions.create", "sessions.resume", "sessions.retrieve", "sessions.partner"})
PROFILE_QUERIES = frozenset({"profiles", "profiles.mvpd"})
PROFILE_ANSWERS = PROFILE_QUERIES | {"profiles.code", "profiles.partner"}
"""Endpoints whose responses may contain a profile."""
DECISIONS = frozenset({"decisions.preauthorize", "decisions.authorize"})
NEEDS_TOKEN = (
    SESSIONS | PROFILE_QUERIES | DECISIONS | {"configuration", "profiles.code", "profiles.partner", "logout"}
)
"""Endpoints of REST API V2 that a service calls; a browser calls `authenticate`."""
NEEDS_DEVICE = PROFILE_QUERIES | DECISIONS | {"sessions.create", "sessions.partner", "profiles.partner", "logout"}
"""Endpoints whose pages list AP-Device-Identifier and X-Device-Info as required."""

SSO_SERVICE = frozenset({"sso.token", "sso.refresh", "sso.link", "sso.unlink", "sso.list"})
"""Endpoints of the SSO Service."""

NO_VALUES = (
    *("null", "undefined", "None", "nil", "<nil>"),
    *("[object Object]", "[object Promise]", "System.Threading.Tasks.Task`1[System.String]"),
)
"""Words that languages print for a value that is not there, or that nobody has waited for."""
_NO_TOKENS = frozenset(map(mask, NO_VALUES))
_NO_HEADERS: dict[str, str] = {}
_CLOSING_S = 0.002
"""Seconds by which the recorded end of an exchange may be later than the arrival of its response."""
_REDIRECT_DETAILS = re.compile(r"((?:^|&)redirectUrl=[^&]*?)(?:%3F|%23|[?#])[^&]*", re.IGNORECASE)
"""Query string and fragment of a redirectUrl, in which services put a value for each request. The pattern begins with
a parameter, so that it reads each character once."""
_CACHED_BODIES = 256
"""Number of parsed bodies kept: all rules read one exchange before the next one comes."""


def read_once(read: Callable[[S], T]) -> Callable[[S], T]:
    """Cache the result for the latest observation: all rules read one observation before the next one comes."""
    latest: tuple[S, T] | None = None

    @wraps(read)
    def remembering(seen: S) -> T:
        nonlocal latest
        if latest is not None and latest[0] is seen:
            return latest[1]
        found = read(seen)
        latest = (seen, found)
        return found

    return remembering


@read_once
def brief(exchange: Exchange) -> Exchange:
    """Return the exchange without headers, bodies and connection, for rules that keep it."""
    return msgspec.structs.replace(
        exchange,
        query="",
        request_headers=_NO_HEADERS,
        request_body="",
        response_headers=_NO_HEADERS,
        response_body="",
        peer="",
        connection="",
        server="",
    )


def sent_by_browser(exchange: Exchange) -> bool:
    """Return whether a browser sent the request (a page or a preflight), and not the service."""
    return exchange.endpoint == "authenticate" or exchange.endpoint.startswith(("browser.", "cors."))


def ended(exchange: Exchange) -> float:
    """Return the end of the response, in seconds on the scale of ``wall``."""
    return exchange.wall + exchange.duration_ms / 1000


def interval(before: Exchange, later: Exchange) -> str:
    """Return the time between two exchanges as text: from start to start, and from the answer if that differs."""
    between = span(later.wall - before.wall)
    after = span(max(later.wall - ended(before), 0.0))
    return f"{between} later (start to start" + (f"; {after} after the answer)" if after != between else ")")


def answered_before(exchange: Exchange, later: Exchange) -> bool:
    """Return whether the response of the first exchange ended before the request of the second arrived."""
    return later.wall >= ended(exchange) - _CLOSING_S


@lru_cache(maxsize=_CACHED_BODIES)
def json_object(text: str) -> Mapping[str, Any]:
    """Return the JSON object in a body, or an empty one for any other body. Do not change it: it is shared.

    A byte order mark before it does not count (RFC 8259, 8.1).
    """
    try:
        value = msgspec.json.decode(text.removeprefix("\ufeff"))
    except UNREADABLE:
        return {}
    return value if isinstance(value, dict) else {}


def is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except UNREADABLE:
        return False
    return True


@lru_cache(maxsize=_CACHED_BODIES)
def form(text: str) -> Mapping[str, str]:
    """Return the fields of a form or query string, empty ones included."""
    return dict(parse_qsl(text, keep_blank_values=True))


def answer(exchange: Exchange) -> Mapping[str, Any]:
    return json_object(exchange.response_body)


@read_once
def resources(exchange: Exchange) -> tuple[str, ...]:
    """Return the resources in a decisions request."""
    asked = _list(json_object(exchange.request_body), "resources")
    return tuple([item for item in asked if isinstance(item, str)])


@read_once
def decisions(exchange: Exchange) -> tuple[Mapping[str, Any], ...]:
    """Return the decisions in a 200."""
    if exchange.status != 200:
        return ()
    return tuple([item for item in _list(answer(exchange), "decisions") if isinstance(item, dict)])


@read_once
def profiles(exchange: Exchange) -> Mapping[str, Any]:
    """Return the profiles that a profiles endpoint found (200) or created (201), by MVPD; empty without a login."""
    found = answer(exchange).get("profiles") if exchange.status in {200, 201} else None
    return found if isinstance(found, dict) else {}


def denial(decision: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the error of a decision that is not a permit."""
    error = decision.get("error")
    return error if isinstance(error, dict) else {}


@read_once
def denials(exchange: Exchange) -> tuple[Mapping[str, Any], ...]:
    """Return the denials in a 200."""
    return tuple([decision for decision in decisions(exchange) if decision.get("authorized") is False])


@read_once
def errors(exchange: Exchange) -> tuple[Mapping[str, Any], ...]:
    """Return all enhanced errors of a response: the top-level one, or those of its decisions."""
    if exchange.status >= 400:
        top = answer(exchange)
        return (top,) if "code" in top else ()
    found = [decision.get("error") for decision in decisions(exchange)]
    return tuple([error for error in found if error and isinstance(error, dict)])


def bearer(exchange: Exchange) -> str | None:
    """Return the (masked) access token of a request."""
    return _bearer(exchange.request_headers.get("authorization", ""))


@lru_cache(maxsize=_CACHED_BODIES)
def _bearer(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def may_be_token(value: str) -> bool:
    """Return False for a (masked) value of Bearer that is a word for nothing, or that begins with another scheme."""
    return " " not in value and value not in _NO_TOKENS


@read_once
def signature(exchange: Exchange) -> tuple[str, ...]:
    """Return the key that is equal for two requests if one repeats the other unchanged.

    Requests whose bodies are missing are not equal to others.
    """
    return (
        exchange.method,
        exchange.path,
        _without_details(exchange.query),
        f"{exchange.id}" if "request_body" in exchange.lacks else _content(exchange),
        *_parameters_in_headers(exchange),
        exchange.device or exchange.ip,
    )


def _parameters_in_headers(exchange: Exchange) -> Iterator[str]:
    """Yield the (masked) parameters of the SSO Service, which are headers."""
    if exchange.endpoint.startswith("sso."):
        yield from (exchange.request_headers.get(name, "") for name in ("x-sso-id", "x-sso-link", "ad-service-token"))


def _content(exchange: Exchange) -> str:
    """Return the body of a request; for decisions, its resources in one order and each once."""
    asked = resources(exchange) if exchange.endpoint in DECISIONS else ()
    return "\n".join(sorted({*asked})) if asked else _without_details(exchange.request_body)


def _without_details(parameters: str) -> str:
    """Return a form or query string without the parts of redirectUrl that differ in each request of some services."""
    return _REDIRECT_DETAILS.sub(r"\1", parameters) if "redirectUrl=" in parameters else parameters


def is_server_failure(exchange: Exchange) -> bool:
    """Return whether Adobe Pass failed: no response, or a 5xx."""
    return exchange.status == 0 or exchange.status >= 500


def allows_retry(exchange: Exchange) -> bool:
    """Return whether a client may repeat the request after this response: no response, 401, 429, 5xx."""
    return exchange.status in {401, 429} or is_server_failure(exchange)


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    return value if isinstance(value, list) else []
