"""Records of spaces: the part of a space's state that exists once, shared by all processes through the store."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pass_harness.mock_server.store import SpaceStore, Table


class SpaceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """State of a space besides its tables."""

    life: int
    """Number of the current life: a reset begins a new one and deletes the state of the previous one."""
    offset: int = 0
    """Offset of the space's clock from the mock's clock, in ms."""
    added: int = 0
    """Number of behaviours added in this life."""
    changed: int = 0
    """Version of the list of behaviours."""
    cleared: int = 0
    """Id of the last exchange that a clear of a shared journal removed."""
    exchanges: int = 0
    """Id up to which exchanges may have been numbered."""
    used: int = 0
    """Time of the last use in ms, on the mock's clock; up to about a minute behind."""


SPACES = Table("spaces", SpaceRecord)


class SpaceRecordHandle:
    """Access to the record of one space; ``record`` is the latest that this process has read."""

    def __init__(self, root: SpaceStore, name: str, record: SpaceRecord) -> None:
        self._root = root
        self._name = name
        self.record = record

    async def read(self) -> SpaceRecord | None:
        """Return the current record from the store; None if the space was deleted."""
        return await self._root.read(SPACES, "", self._name)

    async def change(self, step: Callable[[SpaceRecord], SpaceRecord]) -> SpaceRecord:
        """Replace the record by the result of ``step`` and return it. A deleted space stays deleted."""

        def change(record: SpaceRecord | None) -> tuple[SpaceRecord | None, SpaceRecord]:
            if record is None:
                return None, step(self.record)
            changed = step(record)
            return changed, changed

        self.record = await self._root.change(SPACES, "", self._name, change)
        return self.record
