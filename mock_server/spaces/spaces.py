"""Spaces: isolated worlds inside one mock, made on first use."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import msgspec

from pass_harness.mock_server.behaviours.active import ACTIVE, Behaviours, initial_state
from pass_harness.mock_server.clock import Clock, SpaceClock
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.ids import Ids
from pass_harness.mock_server.journal.journal import Journal
from pass_harness.mock_server.live.monitor import Monitor, Monitoring
from pass_harness.mock_server.signing.keys import Keys
from pass_harness.mock_server.space_paths import DEFAULT_SPACE
from pass_harness.mock_server.store import Store, StoreUnavailable
from pass_harness.mock_server.store.space_record import SPACES, Head, SpaceRecord

log = logging.getLogger("mock_server")

MOST_BETWEEN_LOOKS = 60_000
"""From one look for idle spaces to the next (ms), at most."""


class TooManySpaces(Exception):
    """The mock holds as many spaces as its settings allow."""


@dataclass
class Space:
    """One world: its state, clock, behaviours and journal, and the watch over it."""

    name: str
    life: int
    """Which life of the space the rest is of."""
    head: Head
    clock: SpaceClock
    world: World
    behaviours: Behaviours
    journal: Journal
    watch: Monitor
    used: int = 0
    """When this process was asked for it last (ms, on the mock's clock)."""

    async def advance(self, milliseconds: int) -> None:
        """Sets the clock forward."""

        def step(record: SpaceRecord) -> SpaceRecord:
            return msgspec.structs.replace(record, offset=record.offset + milliseconds)

        self.clock.offset_ms = (await self.head.change(step)).offset


class Spaces:
    """All spaces of a mock, by name."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        ids: Ids,
        keys: Keys,
        watching: Monitoring,
    ) -> None:
        self._settings = settings
        self._store = store
        self._root = store.root()
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._watching = watching
        self._spaces: dict[str, Space] = {}

    def get(self, name: str) -> Space | None:
        """The space of that name, if it is at hand and no other process can have changed it."""
        space = self._spaces.get(name) if not self._watching.shared else None
        if space is not None:
            space.used = self._clock.now_ms()
        return space

    async def open(self, name: str) -> Space:
        """The space of that name, made if need be; TooManySpaces if there is no room."""
        record = await self._root.read(SPACES, "", name) or await self._begin(name)
        space = self._spaces.get(name)
        if space is None:
            made = self._make(name, record)
            await made.behaviours.load(record)
            space = self._spaces.setdefault(name, made)
        else:
            await self._follow(space, record)
        space.used = self._clock.now_ms()
        return space

    async def refresh(self, space: Space) -> None:
        """Takes in what other processes have changed of a space."""
        if self._watching.shared:
            record = await space.head.read()
            if record is None:
                self._put_away(space.name)
            else:
                await self._follow(space, record)

    def at_hand(self) -> list[Space]:
        """The spaces that this process has been asked for."""
        return [*self._spaces.values()]

    async def names(self) -> list[str]:
        return sorted(name for _, name, _ in await self._root.all_rows(SPACES))

    async def reset(self, space: Space) -> None:
        """Back to the catalogue: state, behaviours, clock, journal and findings."""
        earlier = space.life
        life = await self._prepare(space.name, earlier)
        added = len(self._settings.behaviours)

        def step(record: SpaceRecord) -> SpaceRecord:
            if record.life != earlier:  # another reset was quicker, and serves as well
                return record
            return SpaceRecord(life=life, added=added, exchanges=record.exchanges, used=record.used)

        record = await space.head.change(step)
        await self._follow(space, record)
        await self._store.drop(space.name, earlier if record.life == life else life)

    async def delete(self, name: str) -> bool:
        """Forgets a space; whether there was one."""
        record = await self._root.read(SPACES, "", name)
        if record is None or not await self._root.delete(SPACES, "", name):
            return False
        self._put_away(name)
        await self._store.drop(name, record.life)
        return True

    async def run(self) -> None:
        """Forgets spaces that nobody uses any more, until cancelled."""
        while True:
            await self._clock.sleep(self._between_looks / 1000)
            try:
                await self.forget_idle()
            except StoreUnavailable as error:
                log.warning("spaces that nobody uses stay for now: %s", error)

    async def forget_idle(self) -> None:
        """Forgets what no process was asked for during `Bounds.space_idle`; the default space stays."""
        for space in list(self._spaces.values()):
            await self._note_use(space)
        # Another process may have used a space since it last noted that.
        longest = self._settings.bounds.space_idle + self._between_looks
        records = {name: record for _, name, record in await self._root.all_rows(SPACES)}
        for name, record in records.items():
            if name != DEFAULT_SPACE and self._clock.now_ms() - record.used >= longest:
                await self.delete(name)
        for name in self._spaces.keys() - records.keys():
            self._put_away(name)

    async def _note_use(self, space: Space) -> None:
        used = self._clock.now_ms() if space.watch.in_use else space.used

        def step(record: SpaceRecord) -> SpaceRecord:
            return msgspec.structs.replace(record, used=max(record.used, used))

        if used > space.head.record.used:
            await space.head.change(step)

    @property
    def _between_looks(self) -> int:
        """From one look for idle spaces to the next (ms)."""
        return min(MOST_BETWEEN_LOOKS, self._settings.bounds.space_idle // 2)

    async def _begin(self, name: str) -> SpaceRecord:
        """Makes a space, unless somebody else has just done so."""
        held = len(await self._root.all_rows(SPACES))
        if held >= self._settings.bounds.spaces:
            raise TooManySpaces(f"this mock holds {held} spaces, as many as it may: delete some first")
        life = await self._prepare(name, 0)
        mine = SpaceRecord(life=life, added=len(self._settings.behaviours), used=self._clock.now_ms())

        def step(record: SpaceRecord | None) -> tuple[SpaceRecord, SpaceRecord]:
            return record or mine, record or mine

        return await self._root.change(SPACES, "", name, step)

    async def _prepare(self, name: str, earlier: int) -> int:
        """Fills a new life of a space with the configured behaviours, before anybody sees it; its number."""
        now_ms = self._clock.now_ms()
        life = max(earlier + 1, now_ms)
        store = self._store.space(name, life)
        for number, behaviour in enumerate(self._settings.behaviours, 1):
            active = initial_state(behaviour, number, now_ms)
            await store.write(ACTIVE, "", active.id, active)
        return life

    def _make(self, name: str, record: SpaceRecord) -> Space:
        head = Head(self._root, name, record)
        clock = SpaceClock(self._clock)
        clock.offset_ms = record.offset
        store = self._store.space(name, record.life)
        journal, watch = self._watching.follow(name, head)
        return Space(
            name=name,
            life=record.life,
            head=head,
            clock=clock,
            world=World(store, self._settings.catalogue, self._ids, self._keys),
            behaviours=Behaviours(store, head),
            journal=journal,
            watch=watch,
        )

    async def _follow(self, space: Space, record: SpaceRecord) -> None:
        """Takes in what the record of a space tells; it may be of another process's making."""
        if record.life < space.life:
            return
        if record.life > space.life:
            await self._renew(space, record)
        elif space.behaviours.is_stale(record):
            await space.behaviours.load(record)
        space.head.record = record
        space.clock.offset_ms = record.offset

    async def _renew(self, space: Space, record: SpaceRecord) -> None:
        """Moves a space to the life that its record names."""
        store = self._store.space(space.name, record.life)
        behaviours = Behaviours(store, space.head)
        await behaviours.load(record)
        if record.life <= space.life:  # meanwhile another request has done it
            return
        space.life = record.life
        space.behaviours = behaviours
        space.world = World(store, self._settings.catalogue, self._ids, self._keys)
        space.journal.renew(record.life)
        space.watch.renew(record.life)

    def _put_away(self, name: str) -> None:
        """Lets go of a space that was deleted, and of its listeners."""
        space = self._spaces.pop(name, None)
        if space is not None:
            space.watch.close()
