"""Comparison of one recorded exchange with what the mock would answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from pass_harness.conformance.facts.version1 import version1_of
from pass_harness.conformance.fidelity import errors, headers, outcomes, shapes
from pass_harness.conformance.fidelity.difference import Difference
from pass_harness.conformance.fidelity.lifetimes import Lifetimes
from pass_harness.conformance.fidelity.reference import ENDPOINT, Schema, answers
from pass_harness.conformance.fidelity.replay import SUCCESS, WRONG_METHOD, Replay, outcome_of
from pass_harness.conformance.fidelity.request import is_whole, request_of
from pass_harness.mock_server.adobe.errors import DCR_ERRORS, ENHANCED_ERRORS
from pass_harness.mock_server.adobe.sso_errors import SSO_ERRORS
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.gateway.cors import PREFLIGHT
from pass_harness.mock_server.gateway.endpoint import BROWSER, SSO, Endpoint

UNKNOWN = "unknown paths"
_JSON = "application/json"
_BY_REQUEST = frozenset(
    {
        "header_missing",
        "invalid_header_device_identifier",
        "invalid_header_device_info",
        "invalid_parameter_partner",
        "invalid_parameter_resources",
        "invalid_request",
        "request_invalid",
        "request_null",
        "unsupported_grant_type",
        WRONG_METHOD,
    }
)
"""Refusals for what the request contains; no state leads to them."""


@dataclass(frozen=True)
class Compared:
    """The result for one exchange."""

    endpoint: str
    status: int
    differences: tuple[Difference, ...] = ()
    untold: tuple[str, ...] = ()
    """Reasons for the parts that cannot be told."""
    is_compared: bool = True
    """False if nothing of the answer could be compared."""


class Comparison:
    """A comparison with a mock of some settings; ``replay`` gives the outcomes that state and request allow."""

    def __init__(self, settings: Settings, replay: Replay) -> None:
        self._lifetimes = Lifetimes(settings)
        self._replay = replay

    def compare(self, exchange: Exchange) -> Compared:
        """Return the differences of a recorded answer, and what cannot be told about it."""
        endpoint = ENDPOINT.get(exchange.endpoint)
        reason = _incomparable(exchange, endpoint)
        name = exchange.endpoint if endpoint is not None or exchange.endpoint == PREFLIGHT.id else UNKNOWN
        if endpoint is None or reason is not None:
            # The rate limit and the allow-list come before the path.
            if reason is None and exchange.status not in {403, 404, 429}:
                place = "HTTP status of a path that the mock does not have"
                return Compared(name, exchange.status, (Difference(place, str(exchange.status), "404"),))
            return Compared(name, exchange.status, untold=(reason,) if reason else (), is_compared=reason is None)
        differences: list[Difference] = []
        untold: list[str] = []
        for found in self._compared(exchange, endpoint):
            if isinstance(found, Difference):
                differences.append(found)
            else:
                untold.append(found)
        if differences and exchange.behaviours:
            return Compared(name, exchange.status, untold=("a behaviour of the mock took effect",), is_compared=False)
        return Compared(name, exchange.status, tuple(dict.fromkeys(differences)), tuple(dict.fromkeys(untold)))

    def _compared(self, exchange: Exchange, endpoint: Endpoint) -> Iterator[Difference | str]:
        if exchange.status == 403 and headers.media_type(exchange.response_headers) == "text/plain":
            yield "refusals by address: the allow-list decides"
            return
        documented = answers(endpoint)
        answer = documented.get(exchange.status)
        if answer is None:
            known = ", ".join(map(str, documented))
            yield Difference("HTTP status", str(exchange.status), f"one of {known}")
            return
        yield from headers.differences(exchange.response_headers, answer, has_charset=endpoint.family is not SSO)
        schema = answer.get("content", {}).get(_JSON, {}).get("schema")
        body = None
        if schema is not None and "response_body" in exchange.lacks:
            yield "bodies that the record lacks"
        elif schema is not None and headers.media_type(exchange.response_headers) == _JSON:
            try:
                body = msgspec.json.decode(exchange.response_body)
            except UNREADABLE:
                yield Difference("$", "no JSON", "JSON")
                return
            yield from self._body(exchange, schema, body)
        if exchange.status != 429 and exchange.status < 500:
            yield from self._outcome(exchange, endpoint, body)

    def _body(self, exchange: Exchange, schema: Schema, body: Any) -> Iterator[Difference | str]:  # noqa: ANN401 - JSON
        yield from shapes.differences(body, schema)
        if not isinstance(body, dict):
            return
        yield from errors.differences(exchange.endpoint, exchange.status, body)
        if exchange.status < 400:
            yield from outcomes.differences(exchange.endpoint, body)
            yield from self._lifetimes.differences(exchange, body)

    def _outcome(self, exchange: Exchange, endpoint: Endpoint, body: object) -> Iterator[Difference | str]:
        """Yield a refusal, or the lack of one, that neither the request nor any state leads to at the mock."""
        found = outcome_of(exchange.status, body) or ""
        if endpoint.is_page or found not in _OUTCOMES:
            return
        if endpoint.body is not None and not is_whole(exchange):
            yield "checks of requests whose body the record lacks"
            return
        expected = self._replay.expected(request_of(exchange, endpoint))
        if expected.allows(found):
            return
        if SUCCESS not in {expected.alone, found}:
            yield Difference("order of checks", found, expected.alone or "another refusal")
        elif expected.alone != SUCCESS or found in _BY_REQUEST:
            yield Difference("check of the request", found, expected.alone or "another refusal")


_OUTCOMES = frozenset({SUCCESS, WRONG_METHOD}) | ENHANCED_ERRORS.keys() | DCR_ERRORS | SSO_ERRORS.keys()


def _incomparable(exchange: Exchange, endpoint: Endpoint | None) -> str | None:
    """Return the reason why an answer cannot be compared at all, or None."""
    if exchange.status == 0:
        return "requests without an answer"
    if exchange.endpoint == PREFLIGHT.id or exchange.method == PREFLIGHT.method:
        return "CORS preflights: the origin decides"
    if endpoint is None and version1_of(exchange.path):
        return "calls of REST API V1: the mock does not simulate them"
    if endpoint is not None and endpoint.family is BROWSER:
        return "pages for the viewer's browser: those of the mock are its own"
    if exchange.status >= 500 and headers.media_type(exchange.response_headers) != _JSON:
        return "outages: the answer is not Adobe Pass's own"
    return None
