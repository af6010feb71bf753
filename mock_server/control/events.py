"""GET /_mock/events: exchanges, findings and advances of the clock as they happen, as server-sent events.

A listener has no queue of its own: it reads the journal from its position, a batch at a time, and the next batch when
the client has taken the last one. An event ``missed`` counts the exchanges that a slow listener lost before it
continues with the newest. So a listener that never reads takes at most about `LISTENER_BYTES`, and delays no other.
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

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control.http import Refused, require_known, space_of
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.exchange_summary import summary_of
from pass_harness.mock_server.journal.journal import PAGE_BYTES
from pass_harness.mock_server.spaces.spaces import Space, Spaces
from pass_harness.mock_server.store import StoreUnavailable

MAX_BACKLOG = 2_000
"""Maximum number of exchanges that a listener can be behind; it misses older ones."""
LISTENER_BYTES = 1_048_576
"""Memory of a listener in bytes: a batch of `PAGE_BYTES` and one more exchange, decoded, encoded and being sent."""
KEEP_ALIVE_S = 15.0
"""Seconds without an event after which the mock sends a comment."""
BATCH_INTERVAL_S = 0.05
"""Seconds between two batches of events."""
STORE_RETRY_S = 1.0
"""Seconds before the next attempt to read a store that did not answer."""
_ENCODER = msgspec.json.Encoder()


async def events(request: Request) -> Response:
    """Stream events.

    ``?after`` or Last-Event-ID resumes after an event; ``?view=summary`` omits headers and bodies.
    """
    space, spaces = space_of(request), cast("Spaces", request.app.state.spaces)
    require_known(request, "after", "view")
    view = request.query_params.get("view", "full")
    if view not in {"full", "summary"}:
        raise Refused(f"view must be full or summary, not {view!r}")
    most = cast("Settings", request.app.state.settings).bounds.listeners
    if Listeners(spaces, most).number >= most:
        raise Refused(f"this mock has {most} listeners, the maximum: close one, or raise bounds.listeners", 503)
    after = request.query_params.get("after") or request.headers.get("last-event-id")
    position = await _Position.of(space, after)
    return StreamingResponse(
        _stream(spaces, space, position, summary_of if view == "summary" else _whole),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


class ClockEvent(msgspec.Struct):
    """The clock of a space after a change: the members of `ClockState`, and ``wall`` as in exchanges."""

    now: int
    offset: int
    wall: float

    @staticmethod
    def of(space: Space) -> ClockEvent:
        """Return the present state of the clock."""
        return ClockEvent(space.clock.now_ms(), space.clock.offset_ms, space.clock.monotonic_s())


@dataclass
class _Position:
    """The position of a listener: numbers of the last exchange and finding, life and clock offset of the space."""

    life: int
    exchange: int
    finding: int
    offset_ms: int = 0
    is_behind: bool = False
    """Whether there were more events than the last batch has."""

    @staticmethod
    async def of(space: Space, after: str | None) -> _Position:
        """Return the position after the event with an id, or the newest position without one.

        Refused for a text that is not an id.
        """
        last_exchange, last_finding = await space.journal.last_id(), await space.monitor.last_finding()
        position = _Position(space.life, last_exchange, last_finding, space.clock.offset_ms)
        if after is None:
            return position
        exchange, _, finding = after.partition(".")
        if not _is_number(exchange) or (finding and not _is_number(finding)):
            raise Refused(f"after must be the id of an event or exchange, not {after!r}")
        # An id from before a restart of the mock may be ahead of the journal.
        position.exchange = min(int(exchange), last_exchange)
        if finding:
            position.finding = min(int(finding), last_finding)
        elif later := await space.monitor.findings(since=position.exchange):
            position.finding = later[0][0] - 1
        return position

    def __str__(self) -> str:
        return f"{self.exchange}.{self.finding}"


class Listeners:
    """The event streams of all spaces, as a limit of memory: each counts as `LISTENER_BYTES`."""

    def __init__(self, spaces: Spaces, most: int) -> None:
        self._spaces = spaces
        self.limit = most * LISTENER_BYTES

    @property
    def number(self) -> int:
        """Number of event streams in this process."""
        return sum(space.monitor.listeners for space in self._spaces.loaded())

    @property
    def used(self) -> int:
        """Bytes that the event streams take at most."""
        return self.number * LISTENER_BYTES


async def _stream(
    spaces: Spaces, space: Space, position: _Position, view: Callable[[Exchange], msgspec.Struct]
) -> AsyncIterator[bytes]:
    watch = space.monitor
    with watch.listening() as has_events:
        yield b"retry: 1000\n: listening\n\n"
        while not watch.closed:
            has_events.clear()
            try:
                await spaces.refresh(space)
                batch = await _new_events(space, position, view)
            except StoreUnavailable as error:
                yield f": {error}\n\n".encode()
                await space.clock.sleep(STORE_RETRY_S)
                has_events.set()
                continue
            if batch:
                yield batch
                if position.is_behind:
                    await space.clock.sleep(0)  # a send to a fast client does not suspend
                    continue
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await has_events.wait()
            except TimeoutError:
                yield b": still here\n\n"
            if not watch.closed:
                await space.clock.sleep(BATCH_INTERVAL_S)
        with contextlib.suppress(StoreUnavailable):
            # A journal that outlives the space may have exchanges that were not sent yet.
            last = await space.journal.last_id()
            while position.exchange < last and (batch := await _new_events(space, position, view)):
                yield batch
        yield _event(position, "end", {})


async def _new_events(space: Space, position: _Position, view: Callable[[Exchange], msgspec.Struct]) -> bytes:
    """Return the next encoded events after a position, if there are any, and advance the position."""
    batch: list[bytes] = []
    size = 0
    watch, journal = space.monitor, space.journal
    last_exchange, last_finding = await journal.last_id(), await watch.last_finding()
    # The ids begin again in a store that was emptied.
    after = position.exchange if position.exchange <= last_exchange else 0
    life, after_finding = space.life, position.finding if position.life == space.life else last_finding
    exchanges = await journal.after(max(after, last_exchange - MAX_BACKLOG), MAX_BACKLOG)
    findings = await watch.findings(after=after_finding) if after_finding < last_finding else []
    # Nothing can fail from here on, so no event is lost or repeated when the store fails.
    if position.life != life:
        batch.append(_event(_Position(life, after, after_finding, position.offset_ms), "reset", {}))
    position.life, position.exchange, position.finding = life, after, min(after_finding, last_finding)
    if position.offset_ms != space.clock.offset_ms:
        position.offset_ms = space.clock.offset_ms
        batch.append(_event(position, "clock", ClockEvent.of(space)))
    missed = {
        "exchanges": (exchanges[0].id if exchanges else last_exchange + 1) - position.exchange - 1,
        "findings": (findings[0][0] if findings else last_finding + 1) - position.finding - 1,
    }
    if any(missed.values()):
        position.exchange += missed["exchanges"]
        position.finding += missed["findings"]
        batch.append(_event(position, "missed", missed))
    for exchange in exchanges:
        position.exchange = exchange.id
        batch.append(_event(position, "exchange", view(exchange)))
    for number, found in findings:
        position.finding = number
        batch.append(_event(position, "finding", found))
        size += len(batch[-1])
        if size >= PAGE_BYTES:
            break
    position.is_behind = position.exchange < last_exchange or position.finding < last_finding
    return b"".join(batch)


def _event(position: _Position, kind: str, data: object) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(position).encode(), kind.encode(), _ENCODER.encode(data))


def _whole(exchange: Exchange) -> Exchange:
    return exchange


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
