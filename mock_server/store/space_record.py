"""The head of a space: what is kept of it as a whole, as the store has it for every process that serves the space."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pass_harness.mock_server.store import SpaceStore, Table


class SpaceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the store knows of a space beside its tables."""

    life: int
    """Which life of the space this is: a reset begins a new one, and the state of an earlier one is gone."""
    offset: int = 0
    """How far (ms) its clock was set forward."""
    added: int = 0
    """How many behaviours were added in this life."""
    changed: int = 0
    """How often that changed which there are."""
    cleared: int = 0
    """Exchanges up to this id were cleared from a journal that several processes share."""
    exchanges: int = 0
    """Ids of exchanges up to this one may have been given."""
    used: int = 0
    """When it was asked for last (ms, on the mock's clock), to within a minute or so."""


SPACES = Table("spaces", SpaceRecord)


class Head:
    """The record of one space; ``record`` is the latest that this process has seen."""

    def __init__(self, root: SpaceStore, name: str, record: SpaceRecord) -> None:
        self._root = root
        self._name = name
        self.record = record

    async def read(self) -> SpaceRecord | None:
        """The record as it is now; None if the space was deleted."""
        return await self._root.read(SPACES, "", self._name)

    async def change(self, step: Callable[[SpaceRecord], SpaceRecord]) -> SpaceRecord:
        """Replaces the record by what ``step`` makes of it. A space that was deleted meanwhile stays so."""

        def change(record: SpaceRecord | None) -> tuple[SpaceRecord | None, SpaceRecord]:
            if record is None:
                return None, step(self.record)
            changed = step(record)
            return changed, changed

        self.record = await self._root.change(SPACES, "", self._name, change)
        return self.record
