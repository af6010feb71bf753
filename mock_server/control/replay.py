"""POST /_mock/exchanges/{id}/replay: the request of an exchange, sent to the mock again.

The journal keeps requests as they were sent and masks them when they are read. So a replay has the tokens and secrets
of the original, which its caller does not see. The rules ignore replays.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Scope

from pass_harness.mock_server.client.models import ReplayedExchange
from pass_harness.mock_server.control.http import Refused, answer, space_of
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.raw_exchange import RawExchange
from pass_harness.mock_server.spaces.spaces import Space

_MAX_DIGITS = 18


async def replay(request: Request) -> Response:
    """Send the request of an exchange again; return id and status of the new exchange."""
    space, raw = space_of(request), await _wanted(request)
    last = await space.journal.last_id()
    body = [_message("http.request", body=raw.inbound.body), _message("http.disconnect")]

    async def receive() -> Message:
        return body.pop(0) if len(body) > 1 else body[0]

    async def send(_: Message) -> None:
        """Drop the answer: the journal has it."""

    await request.app(_scope(request, raw), receive, send)
    found = await _replay_after(space, last, raw.id)
    if found is None:
        raise Refused(f"the replay of exchange {raw.id} is not in the journal: try again", 503)
    return answer(ReplayedExchange(found.id, found.status, raw.id))


async def _wanted(request: Request) -> RawExchange:
    """Return the exchange in the path; Refused if it cannot be sent again."""
    text: str = request.path_params["id"]
    is_id = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    raw = await space_of(request).journal.raw(int(text)) if is_id else None
    if raw is None:
        raise Refused(f"the journal has no exchange {text[:_MAX_DIGITS]}", 404)
    if "request_body" in raw.lacks:
        raise Refused(f"the journal has only a part of the body of exchange {text}, so it cannot be sent again", 409)
    return raw


def _scope(request: Request, raw: RawExchange) -> Scope:
    """Return the ASGI scope of a replay; it has the address of the original, for the rate limit and behaviours."""
    inbound = raw.inbound
    path = inbound.prefix + inbound.path
    return {
        "type": "http",
        "asgi": request.scope["asgi"],
        "http_version": "1.1",
        "method": inbound.method,
        "scheme": inbound.scheme,
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": inbound.query.encode("latin-1"),
        "root_path": "",
        "headers": list(inbound.raw_headers),
        "client": (inbound.peer_host, inbound.peer_port),
        "server": request.scope.get("server"),
        "replay_of": raw.id,
    }


def _message(kind: str, **members: object) -> Message:
    return {"type": kind, **members}


async def _replay_after(space: Space, last: int, id_: int) -> Exchange | None:
    """Return the exchange after ``last`` that is a replay of ``id_``; None without one."""
    while found := await space.journal.after(last):
        for exchange in found:
            if exchange.replay_of == id_:
                return exchange
        last = found[-1].id
    return None
