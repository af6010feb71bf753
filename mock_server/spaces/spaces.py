"""Spaces: isolated environments within one mock, created on first use and deleted when idle."""

from __future__ import annotations

import copy
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import cast

import msgspec

from pass_harness.mock_server.behaviours.active import ACTIVE, Behaviours, initial_state
from pass_harness.mock_server.clock import LATEST_MS, Clock, SpaceClock
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.ids import Ids
from pass_harness.mock_server.journal.journal import Journal, SharedJournal
from pass_harness.mock_server.journal.known_secrets import KnownSecrets
from pass_harness.mock_server.journal.masking import Masker
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.live.monitor import Monitor, Monitoring
from pass_harness.mock_server.signing.keys import Keys
from pass_harness.mock_server.space_paths import DEFAULT_SPACE
from pass_harness.mock_server.store import Store, StoreUnavailable
from pass_harness.mock_server.store.shared import SharedStore, UnitOfWork, Wanted
from pass_harness.mock_server.store.space_record import SPACES, SpaceRecord, SpaceRecordHandle

log = logging.getLogger("mock_server")

MAX_IDLE_CHECK_INTERVAL_MS = 60_000
"""Maximum interval between two checks for idle spaces."""


Wants = Callable[["Space", UnitOfWork], Iterable[Wanted]]
"""Reads of every request on a space, for `UnitOfWork.fetch`."""
Enter = Callable[["Space", Wants | None, bool], Awaitable["Space"]]
"""`Spaces.enter`."""


class ClockAtEnd(Exception):
    """The clock of a space would pass `LATEST_MS`."""


class TooManySpaces(Exception):
    """The mock has the maximum number of spaces of its settings."""


@dataclass
class Space:
    """One space: its state, clock, behaviours, journal and monitor."""

    name: str
    life: int
    """Number of the life that the other fields belong to; each reset begins a new one."""
    record_handle: SpaceRecordHandle
    clock: SpaceClock
    world: World
    behaviours: Behaviours
    journal: Journal
    monitor: Monitor
    masker: Masker
    """Masks the secrets of all spaces, since a client may send those of one to another."""
    used_ms: int = 0
    """Time of the last use by this process, on the mock's clock."""
    enter: Enter | None = None
    """`Spaces.enter` if several processes serve the space, else None."""
    unit: UnitOfWork | None = None
    """The unit of work of the request that this space is for."""

    async def advance(self, milliseconds: int) -> None:
        """Advance the clock of the space; raise ClockAtEnd beyond `LATEST_MS`."""
        base_ms = self.clock.now_ms() - self.clock.offset_ms

        def step(record: SpaceRecord) -> SpaceRecord:
            if base_ms + record.offset + milliseconds > LATEST_MS:
                raise ClockAtEnd("the clock of a space ends with the year 8999: advance it less, or reset the space")
            return msgspec.structs.replace(record, offset=record.offset + milliseconds)

        self.clock.offset_ms = (await self.record_handle.change(step)).offset
        self.monitor.wake()

    def within(self, unit: UnitOfWork) -> Space:
        """Return this space for one request, which reads and writes through a unit of work."""
        space = copy.copy(self)
        space.world = World(unit, self.world.catalogue, self.world.ids, self.world.keys)
        space.journal = cast("SharedJournal", self.journal).within(unit)
        space.unit = unit
        return space


def masker_of(settings: Settings) -> Masker:
    """Return a masker of the secrets of all spaces."""
    accounts = ((one.username, one.password) for one in settings.catalogue.subscribers.values())
    return Masker(KnownSecrets(accounts, settings.control_token))


class Spaces:
    """All spaces of a mock, by name."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        ids: Ids,
        keys: Keys,
        monitoring: Monitoring,
        recorder: Recorder | None = None,
    ) -> None:
        self._settings = settings
        self._recorder = recorder
        self._store = store
        self._root = store.root()
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._monitoring = monitoring
        self._spaces: dict[str, Space] = {}
        self._masker = masker_of(settings)

    def get(self, name: str) -> Space | None:
        """Return the space of that name if it is loaded and no other process can have changed it, else None."""
        space = self._spaces.get(name) if not self._monitoring.shared else None
        if space is not None:
            space.used_ms = self._clock.now_ms()
        return space

    async def open(self, name: str) -> Space:
        """Return the space of that name, creating it if necessary; raise TooManySpaces at the maximum."""
        record = await self._root.read(SPACES, "", name) or await self._create(name)
        space = self._spaces.get(name)
        if space is None:
            loaded = self._load(name, record)
            await loaded.behaviours.load(record)
            space = self._spaces.setdefault(name, loaded)
        else:
            await self._apply(space, record)
        space.used_ms = self._clock.now_ms()
        return space

    def at_hand(self, name: str) -> Space | None:
        """Return the space of that name if it is loaded; the caller calls its `Space.enter`, if there is one."""
        space = self._spaces.get(name)
        if space is not None:
            space.used_ms = self._clock.now_ms()
        return space

    async def enter(self, space: Space, wants: Wants | None, deferred: bool) -> Space:
        """Apply the changes of other processes to a space, and return it for one request.

        With ``wants``, the request has a unit of work, which has read what it wants. It is ``deferred`` unless the
        space has behaviours: they wait, and count, while a request is in progress.
        """
        if wants is None:
            return await self.open(space.name)
        expected = space.record_handle.record
        store = cast("SharedStore", self._store)
        while True:
            unit = store.unit(space.name, space.life, deferred=deferred and not space.behaviours.active)
            record = await unit.fetch(expected, wants(space, unit))
            if record is expected:
                return space.within(unit)
            if record is None:
                space = await self.open(space.name)
                expected = space.record_handle.record
            else:
                await self._apply(space, record)
                expected = record

    async def refresh(self, space: Space) -> None:
        """Apply the changes of other processes to a space."""
        if self._monitoring.shared:
            record = await space.record_handle.read()
            if record is None:
                self._unload(space.name)
            else:
                await self._apply(space, record)

    def loaded(self) -> list[Space]:
        """Return the spaces that this process has used and not unloaded."""
        return [*self._spaces.values()]

    async def names(self) -> list[str]:
        """Return the names of all spaces in the store, sorted."""
        return sorted(name for _, name, _ in await self._root.all_rows(SPACES))

    async def reset(self, space: Space) -> None:
        """Reset state, behaviours, clock, journal and findings to those of a new space. The record file says so."""
        if self._recorder is not None:
            clock = space.clock
            self._recorder.append_reset(space.name, at=clock.now_ms(), wall=clock.monotonic_s())
        earlier = space.life
        life = await self._prepare(space.name, earlier)
        added = len(self._settings.behaviours)

        def step(record: SpaceRecord) -> SpaceRecord:
            if record.life != earlier:  # a concurrent reset has done it
                return record
            return SpaceRecord(life=life, added=added, exchanges=record.exchanges, used=record.used)

        record = await space.record_handle.change(step)
        await self._apply(space, record)
        await self._store.drop(space.name, earlier if record.life == life else life)

    async def delete(self, name: str) -> bool:
        """Delete a space; return whether it existed."""
        record = await self._root.read(SPACES, "", name)
        if record is None or not await self._root.delete(SPACES, "", name):
            return False
        self._unload(name)
        await self._store.drop(name, record.life)
        return True

    async def run(self) -> None:
        """Delete idle spaces until cancelled."""
        while True:
            await self._clock.sleep(self._idle_check_interval_ms / 1000)
            try:
                await self.delete_idle()
            except StoreUnavailable as error:
                log.warning("idle spaces could not be deleted: %s", error)

    async def delete_idle(self) -> None:
        """Delete the spaces that no process has used for `Bounds.space_idle`, except the default space."""
        for space in list(self._spaces.values()):
            await self._record_use(space)
        # Other processes record their uses of a space once per interval.
        max_idle_ms = self._settings.bounds.space_idle + self._idle_check_interval_ms
        records = {name: record for _, name, record in await self._root.all_rows(SPACES)}
        for name, record in records.items():
            if name != DEFAULT_SPACE and self._clock.now_ms() - record.used >= max_idle_ms:
                await self.delete(name)
        for name in self._spaces.keys() - records.keys():
            self._unload(name)

    async def _record_use(self, space: Space) -> None:
        used_ms = self._clock.now_ms() if space.monitor.in_use else space.used_ms

        def step(record: SpaceRecord) -> SpaceRecord:
            return msgspec.structs.replace(record, used=max(record.used, used_ms))

        if used_ms > space.record_handle.record.used:
            await space.record_handle.change(step)

    @property
    def _idle_check_interval_ms(self) -> int:
        return min(MAX_IDLE_CHECK_INTERVAL_MS, self._settings.bounds.space_idle // 2)

    async def _create(self, name: str) -> SpaceRecord:
        """Create a space, unless another process has just created it; return its record."""
        count = len(await self._root.all_rows(SPACES))
        if count >= self._settings.bounds.spaces:
            raise TooManySpaces(f"this mock has {count} spaces, the maximum: delete some first")
        life = await self._prepare(name, 0)
        new = SpaceRecord(life=life, added=len(self._settings.behaviours), used=self._clock.now_ms())

        def step(record: SpaceRecord | None) -> tuple[SpaceRecord, SpaceRecord]:
            return record or new, record or new

        return await self._root.change(SPACES, "", name, step)

    async def _prepare(self, name: str, earlier: int) -> int:
        """Store the configured behaviours in a new life of a space before its first use; return its number."""
        now_ms = self._clock.now_ms()
        life = max(earlier + 1, now_ms)
        store = self._store.space(name, life)
        for number, behaviour in enumerate(self._settings.behaviours, 1):
            active = initial_state(behaviour, number, now_ms)
            await store.write(ACTIVE, "", active.id, active)
        return life

    def _load(self, name: str, record: SpaceRecord) -> Space:
        record_handle = SpaceRecordHandle(self._root, name, record)
        clock = SpaceClock(self._clock)
        clock.offset_ms = record.offset
        store = self._store.space(name, record.life)
        journal, monitor = self._monitoring.open(name, record_handle)
        return Space(
            name=name,
            life=record.life,
            record_handle=record_handle,
            clock=clock,
            world=World(store, self._settings.catalogue, self._ids, self._keys),
            behaviours=Behaviours(store, record_handle),
            journal=journal,
            monitor=monitor,
            masker=self._masker,
            enter=self.enter if self._monitoring.shared else None,
        )

    async def _apply(self, space: Space, record: SpaceRecord) -> None:
        """Update a space from its record, which another process may have changed."""
        if record.life < space.life:
            return
        if record.life > space.life:
            await self._renew(space, record)
        elif space.behaviours.is_stale(record):
            await space.behaviours.load(record)
        space.record_handle.record = record
        space.clock.offset_ms = record.offset

    async def _renew(self, space: Space, record: SpaceRecord) -> None:
        """Replace the contents of a space by those of the life in its record."""
        store = self._store.space(space.name, record.life)
        behaviours = Behaviours(store, space.record_handle)
        await behaviours.load(record)
        if record.life <= space.life:  # a concurrent request has done it
            return
        space.life = record.life
        space.behaviours = behaviours
        space.world = World(store, self._settings.catalogue, self._ids, self._keys)
        space.journal.renew(record.life)
        space.monitor.renew(record.life)

    def _unload(self, name: str) -> None:
        """Remove a deleted space from this process and disconnect its listeners."""
        space = self._spaces.pop(name, None)
        if space is not None:
            space.monitor.close()
