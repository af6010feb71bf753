"""Answers with bodies that no document shows: more members or other error codes than known, or JSON that is none."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from pass_harness.mock_server.behaviours.effects import BodyFault

UNKNOWN = "unknownToDate"
UNKNOWN_CODE = "unknown_to_date"
_ERRORS_IN = frozenset({"decisions", "error"})
_MAPS = frozenset({"attributes", "logouts", "profiles"})
"""Objects whose members are data (an MVPD's id, say): one more there would be no unknown field, but a lie."""
_MAX_DEPTH = 20


def with_fault(response: Response, fault: BodyFault) -> Response:
    """The response with its JSON body changed; other bodies stay as they are."""
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
    """The enhanced errors at the top or in decisions with a code that no table lists; all else as it was."""
    if isinstance(value, list):
        return [_with_unknown_code(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "code" in value and "action" in value:
        return {**value, "code": UNKNOWN_CODE}
    return {name: _with_unknown_code(value[name]) if name in _ERRORS_IN else value[name] for name in value}


def _with_unknown(value: object, name: str = "", depth: int = 0) -> object:
    """Every object with a member more."""
    if depth > _MAX_DEPTH:
        return value
    if isinstance(value, dict):
        known: dict[str, Any] = {key: _with_unknown(member, key, depth + 1) for key, member in value.items()}
        return known if name in _MAPS else {**known, UNKNOWN: {"text": "x", "number": 1, "list": [None, True]}}
    if isinstance(value, list):
        return [_with_unknown(member, "", depth + 1) for member in value]
    return value
