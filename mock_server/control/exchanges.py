"""Control calls on the journal: a page as JSON, the whole as HAR, and its deletion."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from pass_harness.mock_server.client.models import ExchangePage
from pass_harness.mock_server.control.http import answer, number, require_known, space_of
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.har import har
from pass_harness.mock_server.journal.journal import FILTERS, PAGE, PAGE_BYTES, page
from pass_harness.mock_server.journal.stalls import Stalls
from pass_harness.mock_server.spaces.spaces import Space

_LARGEST_PAGE = 10_000
_MOST = 2**63


class _Query(TypedDict):
    """The query parameters of a call, as keyword arguments of `page`."""

    after: int
    limit: int
    status: int | None
    filters: dict[str, str]


async def exchanges(request: Request) -> Response:
    space, query = space_of(request), _query(request, limit=1000, largest=_LARGEST_PAGE)
    if query["limit"] == 0:
        return answer(ExchangePage([], await space.journal.last_id()))
    return answer(ExchangePage(*await page(space.journal, space.clock, **query)))


async def exchanges_har(request: Request) -> Response:
    """Return the exchanges as HAR, without a default limit; exchanges after the arrival of the call are left out."""
    space, query = space_of(request), _query(request, limit=_MOST, largest=_MOST)
    stalls: Stalls = request.app.state.stalls
    selected = _all(space, query, await space.journal.last_id())
    return StreamingResponse(
        har(selected, request.url.scheme, (await stalls.latest()).stalls),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="pass-mock-{space.name}.har"'},
    )


async def clear_exchanges(request: Request) -> Response:
    await space_of(request).journal.clear()
    return Response(status_code=204)


async def _all(space: Space, query: _Query, last: int) -> AsyncIterator[Exchange]:
    """Yield the selected exchanges, up to the one with the id ``last``."""
    while query["limit"] > 0:
        part: _Query = {**query, "limit": min(query["limit"], PAGE)}
        found, position = await page(space.journal, space.clock, **part, max_bytes=PAGE_BYTES)
        for exchange in found:
            if exchange.id > last:
                return
            yield exchange
        if not found:
            return
        query = {**query, "after": position, "limit": query["limit"] - len(found)}


def _query(request: Request, *, limit: int, largest: int) -> _Query:
    require_known(request, *FILTERS, "status", "after", "limit")
    status = number(request, "status", default=-1, largest=999)
    return _Query(
        after=number(request, "after", default=0, largest=_MOST),
        limit=number(request, "limit", default=limit, largest=largest),
        status=None if status < 0 else status,
        filters={name: request.query_params[name] for name in FILTERS if name in request.query_params},
    )
