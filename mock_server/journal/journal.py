"""The journal: the latest exchanges of a space."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Protocol

import msgspec

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.raw_exchange import RawExchange, Unpacker
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.ring_buffer import ByteBudget, RingBuffer
from pass_harness.mock_server.store.shared import Appender, Log, UnitOfWork
from pass_harness.mock_server.store.space_record import SpaceRecord, SpaceRecordHandle

FILTERS = ("endpoint", "device", "ip", "service_provider", "mvpd", "code", "trace_id")
PAGE = 1_000
"""Maximum number of exchanges per read."""
PAGE_BYTES = 65_536
"""Bytes after which a read ends. Decoding them takes about a millisecond, so that other requests wait no longer."""
LARGEST_PAGE_BYTES = 8 * 1_048_576
"""Bytes of bodies after which a page of the control API ends."""
_LOG_PAGE = 32
"""Maximum number of entries of a log per read."""
_RESERVED_IDS = 1_000


class Journal(Protocol):
    """The exchanges of a space. Ids are ascending from 1 and unique, also across `clear`."""

    async def append(self, raw: RawExchange) -> None:
        """Give the exchange its id, and store it in the journal, in the record file and for the observers.

        StoreUnavailable if one of these fails: then none of them has the exchange, and its id goes to the next one.
        ConflictError for a journal `within` a unit of work, likewise.
        """
        ...

    async def last_id(self) -> int: ...

    async def dropped(self) -> int:
        """Return the number of exchanges evicted by newer ones since the journal was last cleared."""
        ...

    async def clear(self) -> None: ...

    def renew(self, life: int) -> None:
        """Empty the journal for a new life of the space."""
        ...

    async def after(self, id_: int, limit: int = PAGE) -> list[Exchange]:
        """Return the exchanges with a greater id, oldest first: up to ``limit``, and up to about `PAGE_BYTES`.

        The result is empty only if there is none.
        """
        ...

    async def raw(self, id_: int) -> RawExchange | None:
        """Return an exchange with its secrets, as it was sent; None if the journal does not have it."""
        ...


async def page(
    journal: Journal,
    clock: Clock,
    *,
    after: int,
    limit: int,
    status: int | None = None,
    filters: dict[str, str],
    max_bytes: int = LARGEST_PAGE_BYTES,
) -> tuple[list[Exchange], int]:
    """Return matching exchanges with ids above ``after``, and the id to continue after.

    These are ``limit`` exchanges, or fewer with bodies of about ``max_bytes``; none at the end of the journal. Other
    requests are answered between reads. The id is less than ``after`` if the ids began again, in a store that was
    emptied or with another process.
    """
    found: list[Exchange] = []
    position, size = after, 0
    while True:
        await clock.sleep(0)
        batch = await journal.after(position, PAGE)
        if not batch:
            return found, position if position > after else min(after, await journal.last_id())
        for exchange in batch:
            position = exchange.id
            if status in (None, exchange.status) and all(getattr(exchange, k) == v for k, v in filters.items()):
                found.append(exchange)
                size += len(exchange.request_body) + len(exchange.response_body)
                if len(found) >= limit or size >= max_bytes:
                    return found, position


class LocalJournal:
    """A ring buffer in the memory of the one process that serves the space; cuts long bodies."""

    def __init__(
        self,
        limit: int,
        record_handle: SpaceRecordHandle,
        recorder: Recorder | None,
        observer: Callable[[RawExchange], None],
        budget: ByteBudget,
        on_drop: Callable[[RawExchange], None] = lambda _: None,
    ) -> None:
        """``observer`` receives each exchange, ``on_drop`` each one that newer ones evict.

        ``budget`` is the memory that the journals of all spaces share.
        """
        self._exchanges = RingBuffer(limit, budget, on_drop)
        self._record_handle = record_handle
        self._recorder = recorder
        self._observer = observer
        self._last_id = self._reserved = record_handle.record.exchanges

    async def append(self, raw: RawExchange) -> None:
        while self._last_id >= self._reserved:
            await self._reserve(self._last_id + _RESERVED_IDS)
        # Nothing awaits from here on, so the exchanges have the order of their ids.
        raw.id = self._last_id + 1
        raw = raw.shortened()
        if self._recorder is not None:
            self._recorder.append(raw.exchange())
        self._last_id = raw.id
        # The observer first: a full ring may drop this exchange at once.
        self._observer(raw)
        self._exchanges.append(raw, raw.size)

    async def last_id(self) -> int:
        return self._last_id

    async def dropped(self) -> int:
        return self._exchanges.dropped

    async def clear(self) -> None:
        self.renew(self._record_handle.record.life)

    def renew(self, life: int) -> None:
        self._exchanges.clear()

    async def after(self, id_: int, limit: int = PAGE) -> list[Exchange]:
        exchanges = self._exchanges.entries
        start = self._position(id_)
        found, size = [], 0
        for index in range(start, min(start + limit, len(exchanges))):
            raw = exchanges[index]
            found.append(raw.exchange())
            size += raw.size
            if size >= PAGE_BYTES:
                break
        return found

    async def raw(self, id_: int) -> RawExchange | None:
        exchanges = self._exchanges.entries
        at = self._position(id_ - 1)
        return exchanges[at] if at < len(exchanges) and exchanges[at].id == id_ else None

    def _position(self, id_: int) -> int:
        """Return the index of the first exchange with an id above ``id_``."""
        # Ids are consecutive, so the position of an exchange is known. Access by index takes a step per block of 64.
        length = len(self._exchanges.entries)
        return length - max(min(self._last_id - id_, length), 0)

    async def _reserve(self, upto: int) -> None:
        """Reserve ids up to ``upto`` in the store, so that a restarted mock does not reuse them."""

        def step(record: SpaceRecord) -> SpaceRecord:
            return msgspec.structs.replace(record, exchanges=max(record.exchanges, upto))

        self._reserved = (await self._record_handle.change(step)).exchanges


class SharedJournal:
    """A log in the store that several processes append to."""

    def __init__(
        self,
        log: Callable[[int], Log],
        record_handle: SpaceRecordHandle,
        recorder: Recorder | None,
        observer: Callable[[int], None],
        process: str,
        unpacker: Unpacker,
    ) -> None:
        """``log`` returns the log of a life; ``observer`` receives the id of each exchange that this process appends.

        ``process`` is a prefix of connection ids, to keep them unique among processes.
        """
        self._unpacked = unpacker
        self._process = process
        self._log_of = log
        self._log = log(record_handle.record.life)
        self._appender: Appender = self._log
        self._record_handle = record_handle
        self._recorder = recorder
        self._observer = observer

    def within(self, unit: UnitOfWork) -> SharedJournal:
        """Return the journal for one request, which writes what the unit has deferred with the exchange."""
        journal = copy.copy(self)
        journal._appender = unit.committing(self._log)
        return journal

    async def append(self, raw: RawExchange) -> None:
        raw = raw.shortened()
        connection = f"{self._process}-{raw.inbound.connection}"
        raw.inbound = msgspec.structs.replace(raw.inbound, connection=connection)
        line = self._recorder.reserve(raw.exchange()) if self._recorder is not None else None
        try:
            raw.id = await self._appender.append(raw.packed())
        except BaseException:
            if line is not None:
                line.release()
            raise
        if line is not None:
            line.fill(raw.exchange())
        self._observer(raw.id)

    async def last_id(self) -> int:
        return await self._log.last()

    async def dropped(self) -> int:
        cleared = self._record_handle.record.cleared
        if not cleared:
            return await self._log.dropped()
        first = await self._log.after(0, 1)
        return max(first[0][0] - 1 - cleared, 0) if first else 0

    async def clear(self) -> None:
        last = await self._log.last()
        await self._record_handle.change(
            lambda record: msgspec.structs.replace(record, cleared=max(record.cleared, last))
        )

    def renew(self, life: int) -> None:
        self._log = self._appender = self._log_of(life)

    async def after(self, id_: int, limit: int = PAGE) -> list[Exchange]:
        found: list[Exchange] = []
        position = max(id_, self._record_handle.record.cleared)
        entries = await self._log.after(position, min(_LOG_PAGE, limit))
        size = 0
        for number, entry in entries:
            found.append(self._unpacked(number, entry).exchange())
            size += len(entry)
            if size >= PAGE_BYTES:
                break
        return found

    async def raw(self, id_: int) -> RawExchange | None:
        if id_ <= self._record_handle.record.cleared:
            return None
        for number, entry in await self._log.after(id_ - 1, 1):
            if number == id_:
                return self._unpacked(number, entry)
        return None
