"""What an exchange says: its kind of endpoint, bodies, decisions and errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from pass_harness.conformance.observation import Observation
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

S = TypeVar("S", bound=Observation)
T = TypeVar("T")

DCR = frozenset({"dcr.register", "dcr.token"})
SESSIONS = frozenset({"sessions.create", "sessions.resume", "sessions.retrieve", "sessions.partner"})
PROFILE_QUERIES = frozenset({"profiles", "profiles.mvpd"})
PROFILE_ANSWERS = PROFILE_QUERIES | {"profiles.code", "profiles.partner"}
"""All that may bring a profile."""
DECISIONS = frozenset({"decisions.preauthorize", "decisions.authorize"})
NEEDS_TOKEN = (
    SESSIONS | PROFILE_QUERIES | DECISIONS | {"configuration", "profiles.code", "profiles.partner", "logout"}
)
"""The endpoints of REST API V2 that a service calls; `authenticate` is a browser's."""
NEEDS_DEVICE = PROFILE_QUERIES | DECISIONS | {"sessions.create", "sessions.partner", "profiles.partner", "logout"}
"""Those whose pages list AP-Device-Identifier and X-Device-Info as required."""

_NO_HEADERS: dict[str, str] = {}
_CLOSING = 0.002
"""Seconds by which an exchange may be closed later than its answer was read."""
_REMEMBERED = 256
"""Bodies kept parsed: all rules look at one exchange before the next one comes."""


def read_once(read: Callable[[S], T]) -> Callable[[S], T]:
    """Remembers what was read from the latest observation: all rules look at one before the next one comes."""
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
    """The exchange without headers, bodies and connection: what a rule remembers of it for long."""
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
    """Whether it is a viewer's doing, on pages, or a browser's own (a preflight), and not the service's."""
    return exchange.endpoint == "authenticate" or exchange.endpoint.startswith(("browser.", "cors."))


def ended(exchange: Exchange) -> float:
    """When its answer was out, in seconds on the scale of ``wall``."""
    return exchange.wall + exchange.duration_ms / 1000


def answered_before(exchange: Exchange, later: Exchange) -> bool:
    """Whether the answer of the first could be known when the second was sent."""
    return later.wall >= ended(exchange) - _CLOSING


@lru_cache(maxsize=_REMEMBERED)
def json_object(text: str) -> Mapping[str, Any]:
    """The JSON object in a body; empty if it is none. Shared, so never changed."""
    try:
        value = msgspec.json.decode(text)
    except UNREADABLE:
        return {}
    return value if isinstance(value, dict) else {}


@lru_cache(maxsize=_REMEMBERED)
def form(text: str) -> Mapping[str, str]:
    """The fields of a form or query string, empty ones included."""
    return dict(parse_qsl(text, keep_blank_values=True))


def answer(exchange: Exchange) -> Mapping[str, Any]:
    return json_object(exchange.response_body)


@read_once
def resources(exchange: Exchange) -> tuple[str, ...]:
    """The resources that a decisions request asks about."""
    asked = _list(json_object(exchange.request_body), "resources")
    return tuple([item for item in asked if isinstance(item, str)])


@read_once
def decisions(exchange: Exchange) -> tuple[Mapping[str, Any], ...]:
    """The decisions in a 200."""
    if exchange.status != 200:
        return ()
    return tuple([item for item in _list(answer(exchange), "decisions") if isinstance(item, dict)])


@read_once
def profiles(exchange: Exchange) -> Mapping[str, Any]:
    """The profiles in the 200 of a profiles endpoint, by MVPD; empty where nobody is logged in."""
    found = answer(exchange).get("profiles") if exchange.status == 200 else None
    return found if isinstance(found, dict) else {}


def denial(decision: Mapping[str, Any]) -> Mapping[str, Any]:
    """The error of a decision that is not a permit."""
    error = decision.get("error")
    return error if isinstance(error, dict) else {}


@read_once
def denials(exchange: Exchange) -> tuple[Mapping[str, Any], ...]:
    """The decisions in a 200 that are no permits."""
    return tuple([decision for decision in decisions(exchange) if decision.get("authorized") is False])


@read_once
def errors(exchange: Exchange) -> tuple[Mapping[str, Any], ...]:
    """All enhanced errors of an answer: the top-level one, or those of its decisions."""
    if exchange.status >= 400:
        top = answer(exchange)
        return (top,) if "code" in top else ()
    found = [decision.get("error") for decision in decisions(exchange)]
    return tuple([error for error in found if error and isinstance(error, dict)])


def bearer(exchange: Exchange) -> str | None:
    """The (masked) access token of a request."""
    return _bearer(exchange.request_headers.get("authorization", ""))


@lru_cache(maxsize=_REMEMBERED)
def _bearer(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


@read_once
def signature(exchange: Exchange) -> tuple[str, ...]:
    """What two requests share if one repeats the other unchanged."""
    return (
        exchange.method,
        exchange.path,
        exchange.query,
        exchange.request_body,
        exchange.device or exchange.ip,
    )


def out_of_order(exchange: Exchange) -> bool:
    """Whether Adobe Pass itself failed: no answer, or a 5xx."""
    return exchange.status == 0 or exchange.status >= 500


def asks_again(exchange: Exchange) -> bool:
    """Whether the answer is one after which a client may well ask the same again: no answer, 401, 429, 5xx."""
    return exchange.status in {401, 429} or out_of_order(exchange)


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    return value if isinstance(value, list) else []
