"""Service tokens of the SSO Service in exchanges. Values are masked; equal tokens have equal masks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_QUERIES, answer, ended, read_once
from pass_harness.mock_server.exchange import Exchange

HEADER = "ad-service-token"
WITH_TOKEN = frozenset({"sso.link", "sso.unlink", "sso.list"})
"""Endpoints of the SSO Service that require a valid service token."""
LISTED = PROFILE_QUERIES | DECISIONS | {"sessions.create", "logout"}
"""Endpoints of REST API V2 whose pages list AD-Service-Token."""
_ISSUES = frozenset({"sso.token", "sso.refresh"})


class ServiceToken(NamedTuple):
    """A service token that Adobe Pass has issued; ``expires_s`` is on the scale of ``wall``."""

    value: str
    issued: int
    """Id of the exchange."""
    expires_s: float


def carried(exchange: Exchange) -> str:
    """Return the service token in the header of a request; empty without one."""
    return exchange.request_headers.get(HEADER, "").strip()


@read_once
def issued(exchange: Exchange) -> ServiceToken | None:
    """Return the service token in the response of an exchange."""
    if exchange.endpoint not in _ISSUES or not 200 <= exchange.status < 300:
        return None
    body = answer(exchange)
    value, begins, ends = body.get("serviceToken"), body.get("notBefore"), body.get("notAfter")
    if not isinstance(value, str) or not isinstance(begins, int) or not isinstance(ends, int):
        return None
    return ServiceToken(value, exchange.id, ended(exchange) + (ends - begins) / 1000)


def refusal(exchange: Exchange) -> Mapping[str, Any]:
    """Return the error of the SSO Service in a response, which is nested; empty for any other response."""
    error = answer(exchange).get("error") if exchange.endpoint.startswith("sso.") and exchange.status >= 400 else None
    return error if isinstance(error, dict) else {}
