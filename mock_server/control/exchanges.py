"""Control calls on the journal: a page of it as JSON, all of it as HAR, and an end to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from pass_harness.mock_server.client.models import ExchangePage
from pass_harness.mock_server.control.http import Refused, answer, number, space_of
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.har import har
from pass_harness.mock_server.journal.journal import FILTERS, PAGE, Journal, page

_LARGEST_PAGE = 10_000
_MOST = 2**63


class _Wanted(TypedDict):
    """What of the journal a call asks for, as `page` takes it."""

    after: int
    limit: int
    status: int | None
    filters: dict[str, str]


async def exchanges(request: Request) -> Response:
    found = await page(space_of(request).journal, **_wanted(request, limit=1000, largest=_LARGEST_PAGE))
    return answer(ExchangePage(*found))


async def exchanges_har(request: Request) -> Response:
    """As `exchanges`, without a limit unless there is one; only what was there when the call came."""
    space, wanted = space_of(request), _wanted(request, limit=_MOST, largest=_MOST)
    return StreamingResponse(
        har(_all(space.journal, wanted, await space.journal.last_id()), request.url.scheme),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="pass-mock-{space.name}.har"'},
    )


async def clear_exchanges(request: Request) -> Response:
    await space_of(request).journal.clear()
    return Response(status_code=204)


async def _all(journal: Journal, wanted: _Wanted, last: int) -> AsyncIterator[Exchange]:
    """What the call asks for, page by page, up to the exchange with the id ``last``."""
    while wanted["limit"] > 0:
        part: _Wanted = {**wanted, "limit": min(wanted["limit"], PAGE)}
        found, position = await page(journal, **part)
        for exchange in found:
            if exchange.id > last:
                return
            yield exchange
        if not found:
            return
        wanted = {**wanted, "after": position, "limit": wanted["limit"] - len(found)}


def _wanted(request: Request, *, limit: int, largest: int) -> _Wanted:
    unknown = set(request.query_params) - {*FILTERS, "status", "after", "limit"}
    if unknown:
        raise Refused(f"there is no filter {', '.join(sorted(unknown))}; there are: {', '.join(FILTERS)}, status")
    status = number(request, "status", default=-1, largest=999)
    return _Wanted(
        after=number(request, "after", default=0, largest=_MOST),
        limit=number(request, "limit", default=limit, largest=largest),
        status=None if status < 0 else status,
        filters={name: request.query_params[name] for name in FILTERS if name in request.query_params},
    )
