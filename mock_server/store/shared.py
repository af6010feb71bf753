"""Interface of the stores that several processes use at once: logs, and units of work for single requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pass_harness.mock_server.store import SpaceStore, Store, T, Table
from pass_harness.mock_server.store.space_record import SpaceRecord
from pass_harness.mock_server.store.steps import NamedStep


class ConflictError(Exception):
    """Another request has changed what a unit of work read before it changed it; nothing of the unit was written."""


class Wanted(NamedTuple):
    """A read of a unit of work: an item, all items (None), or a named step on an item."""

    table: Table[Any]
    partition: str
    item: str | None = ""
    step: NamedStep | None = None


@runtime_checkable
class SharedStore(Store, Protocol):
    """A store for concurrent use by several processes."""

    def log(self, space: str, life: int, name: str, limit: int) -> Log:
        """Return a log of a life of a space, which keeps about the last ``limit`` entries."""
        ...

    def unit(self, space: str, life: int, *, deferred: bool) -> UnitOfWork:
        """Return a life of a space for one request. A ``deferred`` unit writes only when it is committed."""
        ...


class UnitOfWork(SpaceStore, Protocol):
    """The tables of one life of a space for one request: it reads together, and writes together at the end.

    A record stays as first read, until `forget`. Tables with `Caching` may be read from memory after `fetch`.
    """

    async def fetch(self, expected: SpaceRecord, wanted: Iterable[Wanted]) -> SpaceRecord | None:
        """Return the current record of the space; only if it is ``expected``, read what is ``wanted`` in one step.

        `read`, `rows` and `change` with an equal step then return what was fetched.
        """
        ...

    def cached(self, table: Table[T], partition: str) -> T | None:
        """Return a record if it is in memory; it may be outdated before `fetch`."""
        ...

    def forget(self) -> None:
        """Read again from now on, for example after a wait."""
        ...

    def committing(self, log: Any) -> Appender:  # noqa: ANN401 (a `Log` of the same store)
        """Return a log whose `append` writes the deferred changes and the entry in one step.

        It raises ConflictError if a record that the unit changed is not as it was read.
        """
        ...


class Appender(Protocol):
    """The part of a log that adds entries."""

    async def append(self, entry: bytes) -> int:
        """Append an entry; return its number."""
        ...


class Log(Protocol):
    """Bounded log of one life of a space that several processes append to; new entries evict the oldest.

    Numbers of entries are ascending, also across the lives of the space.
    """

    async def append(self, entry: bytes, total: int | None = None) -> int:
        """Append an entry; return its number, or 0 if the log has another ``total`` of entries than given."""
        ...

    async def after(self, number: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to ``limit`` entries with greater numbers, oldest first."""
        ...

    async def last(self) -> int:
        """Return the last assigned number."""
        ...

    async def total(self) -> int:
        """Return the number of entries appended in this life."""
        ...

    async def dropped(self) -> int:
        """Return the number of evicted entries."""
        ...
