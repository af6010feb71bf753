"""Faults of a response body: unknown members, unknown error codes, malformed JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from pass_harness.mock_server.behaviours.effects import BodyFault

UNKNOWN = "unknownToDate"
UNKNOWN_CODE = "unknown_to_date"
_ERRORS_IN = frozenset({"decisions", "error"})
_MAPS = frozenset({"attributes", "logouts", "profiles"})
"""Objects whose member names are data (MVPD ids, say): an unknown member there would be a false entry."""
_MAX_DEPTH = 20


def with_fault(response: Response, fault: BodyFault) -> Response:
    """Return the response with a fault in its JSON body; a response without JSON stays the same."""
    if "json" not in response.headers.get("content-type", ""):
        return response
    body = bytes(response.body)
    match fault:
        case BodyFault.MALFORMED:
            changed = body[: max(1, len(body) * 2 // 3)]
        case BodyFault.UNKNOWN_CODE:
            changed = msgspec.json.encode(_with_unknown_code(msgspec.json.decode(body)))
        case BodyFault.UNKNOWN_FIELDS:
            changed = msgspec.json.encode(_with_unknown(msgspec.json.decode(body)))
    return Response(changed, response.status_code, media_type=response.headers["content-type"])


def _with_unknown_code(value: object) -> object:
    """Return a copy in which enhanced errors, at the top and in decisions, have an undocumented code."""
    if isinstance(value, list):
        return [_with_unknown_code(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "code" in value and "action" in value:
        return {**value, "code": UNKNOWN_CODE}
    return {name: _with_unknown_code(value[name]) if name in _ERRORS_IN else value[name] for name in value}


def _with_unknown(value: object, name: str = "", depth: int = 0) -> object:
    """Return a copy in which every object has an undocumented member."""
    if depth > _MAX_DEPTH:
        return value
    if isinstance(value, dict):
        known: dict[str, Any] = {key: _with_unknown(member, key, depth + 1) for key, member in value.items()}
        return known if name in _MAPS else {**known, UNKNOWN: {"text": "x", "number": 1, "list": [None, True]}}
    if isinstance(value, list):
        return [_with_unknown(member, "", depth + 1) for member in value]
    return value
