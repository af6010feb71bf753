"""GET /_mock/events: exchanges and findings as they happen, as server-sent events.

A listener has no queue of its own: it has a place in the journal, and one that falls too far behind is told how many
exchanges it missed and goes on with the newest. So a slow listener costs no memory and holds nobody up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from pass_harness.mock_server.control.http import Refused, space_of
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.exchange_summary import summary_of
from pass_harness.mock_server.spaces.spaces import Space, Spaces
from pass_harness.mock_server.store import StoreUnavailable

MOST_BEHIND = 2_000
"""Exchanges that a listener may be behind before it misses some."""
MOST_LISTENERS = 100
"""Per space."""
KEEP_ALIVE = 15.0
"""Seconds without news after which a comment tells that the connection is alive."""
PAUSE = 0.05
"""Seconds from one batch of news to the next."""
PAUSE_OF_STORE = 1.0
"""Seconds after which a store that did not answer is asked again."""
_ENCODER = msgspec.json.Encoder()


async def events(request: Request) -> Response:
    """``?after`` or Last-Event-ID resumes after an event; ``?view=summary`` leaves headers and bodies out."""
    space, spaces = space_of(request), cast("Spaces", request.app.state.spaces)
    view = request.query_params.get("view", "full")
    if view not in {"full", "summary"}:
        raise Refused(f"view is full or summary, not {view!r}")
    if space.monitor.listeners >= MOST_LISTENERS:
        raise Refused(f"{MOST_LISTENERS} listen to this space already, as many as may", 503)
    after = request.query_params.get("after") or request.headers.get("last-event-id")
    place = await _Place.of(space, after)
    return StreamingResponse(
        _stream(spaces, space, place, summary_of if view == "summary" else _whole),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


@dataclass
class _Place:
    """How far a listener has come: exchanges and findings, by their numbers, in a life of the space."""

    life: int
    exchange: int
    finding: int

    @staticmethod
    async def of(space: Space, after: str | None) -> _Place:
        """The place after an event's id; Refused for what is no id. Without one, only what is new is told."""
        last_exchange, last_finding = await space.journal.last_id(), await space.monitor.last_finding()
        place = _Place(space.life, last_exchange, last_finding)
        if after is None:
            return place
        exchange, _, finding = after.partition(".")
        if not _is_number(exchange) or (finding and not _is_number(finding)):
            raise Refused(f"after is the id of an event or exchange, not {after!r}")
        # An id from before the mock was started anew may be ahead of it.
        place.exchange = min(int(exchange), last_exchange)
        if finding:
            place.finding = min(int(finding), last_finding)
        elif later := await space.monitor.findings(since=place.exchange):
            place.finding = later[0][0] - 1
        return place

    def __str__(self) -> str:
        return f"{self.exchange}.{self.finding}"


async def _stream(
    spaces: Spaces, space: Space, place: _Place, view: Callable[[Exchange], msgspec.Struct]
) -> AsyncIterator[bytes]:
    watch = space.monitor
    with watch.listening() as news:
        yield b"retry: 1000\n: listening\n\n"
        while not watch.closed:
            news.clear()
            try:
                await spaces.refresh(space)
                batch = b"".join(await _news(space, place, view))
            except StoreUnavailable as error:
                yield f": {error}\n\n".encode()
                await space.clock.sleep(PAUSE_OF_STORE)
                news.set()
                continue
            if batch:
                yield batch
            try:
                async with asyncio.timeout(KEEP_ALIVE):
                    await news.wait()
            except TimeoutError:
                yield b": still here\n\n"
            if not watch.closed:
                await space.clock.sleep(PAUSE)
        with contextlib.suppress(StoreUnavailable):
            # What happened up to the end, where the journal outlives it.
            if await space.journal.last_id() > place.exchange:
                yield b"".join(await _news(space, place, view))
        yield _event(place, "end", {})


async def _news(space: Space, place: _Place, view: Callable[[Exchange], msgspec.Struct]) -> list[bytes]:
    """What happened since the listener's place, which moves on."""
    told: list[bytes] = []
    watch, journal = space.monitor, space.journal
    last_exchange, last_finding = await journal.last_id(), await watch.last_finding()
    if place.life != space.life:
        place.life, place.finding = space.life, last_finding
        told.append(_event(place, "reset", {}))
    exchanges = await journal.after(max(place.exchange, last_exchange - MOST_BEHIND), MOST_BEHIND)
    findings = await watch.findings(after=place.finding) if place.finding < last_finding else []
    missed = {
        "exchanges": (exchanges[0].id if exchanges else last_exchange + 1) - place.exchange - 1,
        "findings": (findings[0][0] if findings else last_finding + 1) - place.finding - 1,
    }
    if any(missed.values()):
        place.exchange += missed["exchanges"]
        place.finding += missed["findings"]
        told.append(_event(place, "missed", missed))
    for exchange in exchanges:
        place.exchange = exchange.id
        told.append(_event(place, "exchange", view(exchange)))
    for number, finding in findings:
        place.finding = number
        told.append(_event(place, "finding", finding))
    return told


def _event(place: _Place, kind: str, data: object) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(place).encode(), kind.encode(), _ENCODER.encode(data))


def _whole(exchange: Exchange) -> Exchange:
    return exchange


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
