"""The journal: the latest exchanges of a space."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.raw_exchange import RawExchange
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.store import Log, Table
from pass_harness.mock_server.store.packing import pack, unpack
from pass_harness.mock_server.store.space_record import SpaceRecord, SpaceRecordHandle

FILTERS = ("endpoint", "device", "ip", "service_provider", "mvpd", "code")
PAGE = 1_000
"""Number of exchanges per read."""
_RESERVED_IDS = 1_000


class Journal(Protocol):
    """The exchanges of a space. Ids are ascending from 1 and unique, also across `clear`."""

    def next_id(self) -> int:
        """Return the id of the next exchange, which the caller must append at once; 0 if `append` assigns the id."""
        ...

    async def append(self, raw: RawExchange) -> None: ...

    async def last_id(self) -> int: ...

    async def dropped(self) -> int:
        """Return the number of exchanges evicted by newer ones since the journal was last cleared."""
        ...

    async def clear(self) -> None: ...

    def renew(self, life: int) -> None:
        """Empty the journal for a new life of the space."""
        ...

    async def after(self, id_: int, limit: int | None = None) -> list[Exchange]:
        """Return the exchanges with a greater id, oldest first, up to ``limit``."""
        ...


async def page(
    journal: Journal, *, after: int, limit: int, status: int | None = None, filters: dict[str, str]
) -> tuple[list[Exchange], int]:
    """Return up to ``limit`` matching exchanges with ids above ``after``, and the id to continue after."""
    found: list[Exchange] = []
    position = after
    while len(found) < limit and (batch := await journal.after(position, PAGE)):
        for exchange in itertools.takewhile(lambda _: len(found) < limit, batch):
            position = exchange.id
            if status in (None, exchange.status) and all(getattr(exchange, k) == v for k, v in filters.items()):
                found.append(exchange)
    return found, position


class LocalJournal:
    """A ring buffer in the memory of the one process that serves the space."""

    def __init__(
        self,
        limit: int,
        record_handle: SpaceRecordHandle,
        recorder: Recorder | None,
        observer: Callable[[RawExchange], None],
    ) -> None:
        """``observer`` receives each exchange."""
        self._exchanges: deque[RawExchange] = deque(maxlen=limit)
        self._record_handle = record_handle
        self._recorder = recorder
        self._observer = observer
        self._last_id = self._reserved = record_handle.record.exchanges
        self._dropped = 0

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    async def append(self, raw: RawExchange) -> None:
        if raw.id > self._reserved:
            await self._reserve(raw.id + _RESERVED_IDS)
        if len(self._exchanges) == self._exchanges.maxlen:
            self._dropped += 1
        self._exchanges.append(raw)
        if self._recorder is not None:
            self._recorder.append(raw.exchange())
        self._observer(raw)

    async def last_id(self) -> int:
        return self._last_id

    async def dropped(self) -> int:
        return self._dropped

    async def clear(self) -> None:
        self.renew(self._record_handle.record.life)

    def renew(self, life: int) -> None:
        self._exchanges.clear()
        self._dropped = 0

    async def after(self, id_: int, limit: int | None = None) -> list[Exchange]:
        # Ids are consecutive, so the number of newer exchanges is known; iteration begins at the nearer end.
        kept = len(self._exchanges)
        newer = max(min(self._last_id - id_, kept), 0)
        if newer * 2 < kept:
            found = [*itertools.islice(reversed(self._exchanges), newer)][::-1][:limit]
        else:
            start = kept - newer
            found = [*itertools.islice(self._exchanges, start, None if limit is None else start + limit)]
        return [raw.exchange() for raw in found]

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
    ) -> None:
        """``log`` returns the log of a life; ``observer`` receives the id of each exchange that this process appends.

        ``process`` is a prefix of connection ids, to keep them unique among processes.
        """
        self._process = process
        self._log_of = log
        self._log = log(record_handle.record.life)
        self._record_handle = record_handle
        self._recorder = recorder
        self._observer = observer

    def next_id(self) -> int:
        return 0

    async def append(self, raw: RawExchange) -> None:
        exchange = raw.exchange()
        exchange = msgspec.structs.replace(exchange, connection=f"{self._process}-{exchange.connection}")
        number = await self._log.append(pack(exchange))
        if self._recorder is not None:
            self._recorder.append(msgspec.structs.replace(exchange, id=number))
        self._observer(number)

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
        self._log = self._log_of(life)

    async def after(self, id_: int, limit: int | None = None) -> list[Exchange]:
        found: list[Exchange] = []
        position = max(id_, self._record_handle.record.cleared)
        while limit is None or len(found) < limit:
            count = PAGE if limit is None else min(PAGE, limit - len(found))
            entries = await self._log.after(position, count)
            found += [exchange_of(number, entry) for number, entry in entries]
            if len(entries) < count:
                break
            position = found[-1].id
        return found


_ENTRIES = Table("exchanges", Exchange)


def exchange_of(number: int, entry: bytes) -> Exchange:
    """Decode an entry of the log of a `SharedJournal`; ``number`` becomes the id."""
    return msgspec.structs.replace(unpack(_ENTRIES, entry), id=number)
