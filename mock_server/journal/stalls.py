"""The latest stalls of the mock, of all its processes: times in which requests waited for the mock."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from pass_harness.mock_server.exchange import Stall
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.store import Store, StoreUnavailable, Table

log = logging.getLogger("mock_server")

KEPT_STALLS = 1_000


class StallRecord(msgspec.Struct, frozen=True):
    """The latest stalls, oldest first, and the number of all."""

    stalls: tuple[Stall, ...] = ()
    total: int = 0


STALLS = Table("stalls", StallRecord)


class Stalls:
    """The stalls of all processes in the store; those of this process go to the record file too."""

    def __init__(self, store: Store, recorder: Recorder | None) -> None:
        self._root = store.root()
        self._recorder = recorder
        self._pending: list[Stall] = []
        self._has_pending = asyncio.Event()

    def add(self, stall: Stall) -> None:
        """Add a stall of this process that is over."""
        self._pending.append(stall)
        self._has_pending.set()
        try:
            if self._recorder is not None:
                self._recorder.append(stall)
        except StoreUnavailable as error:
            log.warning("a stall of %.0f ms is not in the record: %s", stall.stalled_ms, error)

    async def run(self) -> None:
        """Write new stalls to the store until cancelled."""
        while True:
            await self._has_pending.wait()
            self._has_pending.clear()
            try:
                await self._flush()
            except StoreUnavailable as error:
                log.warning("%s", error)  # the next stall or reading tries again

    async def latest(self) -> StallRecord:
        """Return the latest stalls, up to `KEPT_STALLS`, those included that a full disk keeps out of the store."""
        try:
            await self._flush()
        except StoreUnavailable as error:
            log.warning("%s", error)
        stored, new = await self._root.read(STALLS, "", "") or StallRecord(), self._pending
        return StallRecord((*stored.stalls, *new)[-KEPT_STALLS:], stored.total + len(new)) if new else stored

    async def _flush(self) -> None:
        new, self._pending = self._pending, []
        if not new:
            return

        def step(record: StallRecord | None) -> tuple[StallRecord, None]:
            record = record or StallRecord()
            return StallRecord((*record.stalls, *new)[-KEPT_STALLS:], record.total + len(new)), None

        try:
            await self._root.change(STALLS, "", "", step)
        except StoreUnavailable:
            self._pending = new + self._pending
            raise
