"""Summaries of exchanges for lists, without headers and bodies."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from pass_harness.mock_server.exchange import Exchange

Outcome = Literal["", "permit", "deny", "mixed", "profile", "no profile", "throttled", "error", "broken"]
_CODE = re.compile(r'"(?:code|error)"\s*:\s*"(\w{1,80})"')
_DECISION = re.compile(r'"authorized"\s*:\s*(true|false)')
_NO_PROFILES = re.compile(r'"profiles"\s*:\s*\{\s*\}')


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Summary of one exchange; the members are those of `Exchange`, except for ``outcome`` and ``error``."""

    id: int
    at: int
    wall: float
    duration_ms: float
    endpoint: str
    method: str
    path: str
    status: int
    service_provider: str | None
    mvpd: str | None
    code: str | None
    client_id: str | None
    device: str | None
    ip: str
    behaviours: tuple[str, ...]
    replay_of: int | None
    outcome: Outcome
    """Result of the request; empty if the status is sufficient."""
    error: str
    """First error code of the response; empty without one."""


def summary_of(exchange: Exchange) -> Summary:
    outcome = _outcome(exchange)
    found = _CODE.search(exchange.response_body) if outcome in {"deny", "mixed", "error"} else None
    return Summary(
        id=exchange.id,
        at=exchange.at,
        wall=exchange.wall,
        duration_ms=exchange.duration_ms,
        endpoint=exchange.endpoint,
        method=exchange.method,
        path=exchange.path,
        status=exchange.status,
        service_provider=exchange.service_provider,
        mvpd=exchange.mvpd,
        code=exchange.code,
        client_id=exchange.client_id,
        device=exchange.device,
        ip=exchange.ip,
        behaviours=exchange.behaviours,
        replay_of=exchange.replay_of,
        outcome=outcome,
        error=found[1] if found else "",
    )


def _outcome(exchange: Exchange) -> Outcome:
    if exchange.status == 0:
        return "broken"
    if exchange.status == 429:
        return "throttled"
    if exchange.status >= 400:
        return "error"
    if '"decisions"' in exchange.response_body:
        decisions = set(_DECISION.findall(exchange.response_body))
        return "mixed" if len(decisions) == 2 else "permit" if "true" in decisions else "deny"
    if '"profiles"' in exchange.response_body:
        return "no profile" if _NO_PROFILES.search(exchange.response_body) else "profile"
    return ""
