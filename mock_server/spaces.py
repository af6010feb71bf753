"""Spaces: isolated worlds inside one mock, made on first use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mock_server.behaviours import Behaviours
from mock_server.clock import Clock, SpaceClock
from mock_server.domain.world import World
from mock_server.ids import Ids
from mock_server.journal import Journal, Recorder
from mock_server.keys import Keys
from mock_server.settings import Settings
from mock_server.store import Store
from mock_server.watch import Watch, Watching

DEFAULT_SPACE = "default"
PREFIX = re.compile(r"/~([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?=/|$)")


class TooManySpaces(Exception):
    """The mock holds as many spaces as its settings allow."""


@dataclass
class Space:
    """One world: its state, clock, behaviours and journal, and the watch over it."""

    name: str
    clock: SpaceClock
    world: World
    behaviours: Behaviours
    journal: Journal
    watch: Watch


class Spaces:
    """All spaces of a mock, by name."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        ids: Ids,
        keys: Keys,
        recorder: Recorder | None,
        watching: Watching,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._recorder = recorder
        self._watching = watching
        self._spaces: dict[str, Space] = {}

    def get(self, name: str) -> Space:
        """The space of that name, made if need be; TooManySpaces if there is no room."""
        space = self._spaces.get(name)
        if space is None:
            if len(self._spaces) >= self._settings.bounds.spaces:
                raise TooManySpaces(
                    f"this mock holds {len(self._spaces)} spaces, as many as it may: delete some first"
                )
            space = self._spaces[name] = self._make(name)
        return space

    def names(self) -> list[str]:
        return sorted(self._spaces)

    async def reset(self, space: Space) -> None:
        """Back to the catalogue: state, behaviours, clock, journal and findings."""
        await self._store.drop(space.name)
        fresh = self._make(space.name)
        space.world = fresh.world
        space.clock.offset = 0
        space.behaviours = fresh.behaviours
        space.journal.clear()
        space.watch.reset()

    async def delete(self, name: str) -> bool:
        """Forgets a space; whether there was one."""
        space = self._spaces.pop(name, None)
        if space is None:
            return False
        space.watch.close()
        await self._store.drop(name)
        return True

    def _make(self, name: str) -> Space:
        clock = SpaceClock(self._clock)
        behaviours = Behaviours()
        for behaviour in self._settings.behaviours:
            behaviours.add(behaviour, clock.now())
        journal = Journal(self._settings.bounds.journal_exchanges, self._recorder)
        watch = self._watching.watch()
        journal.observe(watch.add)
        return Space(
            name=name,
            clock=clock,
            world=World(self._store.space(name), self._settings.catalogue, self._ids, self._keys),
            behaviours=behaviours,
            journal=journal,
            watch=watch,
        )
