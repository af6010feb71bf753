"""Answers with bodies that no document shows: more members or other error codes than known, or JSON that is none."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pass_harness.mock_server.behaviours.effects import BodyFault, ConnectionFault
from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.transport.connection import connection_of

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


_STALL_SECONDS = 300.0


_SLOW_PIECES = 20


_SLOW_PAUSE = 0.25


class FaultyResponse(Response):
    """Sends another response over a connection that fails in the given way."""

    def __init__(self, whole: Response, fault: ConnectionFault, clock: Clock) -> None:
        super().__init__(bytes(whole.body), whole.status_code)
        self.raw_headers = whole.raw_headers
        self._fault = fault
        self._clock = clock
        self.answers = fault in {ConnectionFault.TRUNCATE, ConnectionFault.SLOW}
        """Whether the peer gets to see a status."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = connection_of(scope)
        if self._fault is ConnectionFault.STALL:
            await self._stall(receive)
        if not self.answers:
            if connection is not None:
                connection.reset()
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body = bytes(self.body)
        if self._fault is ConnectionFault.TRUNCATE:
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            if connection is not None:
                connection.close()
            return
        piece = max(1, -(-len(body) // _SLOW_PIECES))
        for start in range(0, len(body), piece):
            await send({"type": "http.response.body", "body": body[start : start + piece], "more_body": True})
            await self._clock.sleep(_SLOW_PAUSE)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stall(self, receive: Receive) -> None:
        """Waits until the peer gives up, or for five minutes."""

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        _, pending = await asyncio.wait({asyncio.ensure_future(gone())}, timeout=_STALL_SECONDS)
        for task in pending:
            task.cancel()
