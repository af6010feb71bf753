"""Interface of the stores, which keep the state of the mock.

A table has records by partition and item: a partition groups the records that are read together (the profiles of a
device), an item is one record of it. Records are immutable structs. `change` alone reads and writes atomically, so
updates that depend on the current record must use it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Caching(IntEnum):
    """Records of a table that a process may keep between requests, until another one replaces or deletes any."""

    NONE = 0
    PRESENT = 1
    """Those that exist: for tables that grow with new partitions."""
    ALL = 2
    """Absent ones too: for tables that only control calls write to."""


@dataclass(frozen=True)
class Table(Generic[T]):
    """A named collection of records of one type."""

    name: str
    record: type[T]
    caching: Caching = Caching.NONE


class StoreUnavailable(Exception):
    """Failure to read or write the state; the message has the reason."""


class Store(Protocol):
    """The state of all spaces. tests/mock_server/test_store.py tests every implementation."""

    def root(self) -> SpaceStore:
        """Return the tables outside any space, such as the list of spaces."""
        ...

    def space(self, name: str, life: int) -> SpaceStore:
        """Return the tables of one life of a space; lives have no records in common."""
        ...

    async def drop(self, name: str, life: int) -> None:
        """Delete a life of a space."""
        ...

    async def close(self) -> None: ...


class SpaceStore(Protocol):
    """The tables of one space."""

    async def read(self, table: Table[T], partition: str, item: str = "") -> T | None: ...

    async def write(self, table: Table[T], partition: str, item: str, record: T) -> None: ...

    async def delete(self, table: Table[T], partition: str, item: str = "") -> bool:
        """Delete a record; return whether it existed."""
        ...

    async def delete_partition(self, table: Table[T], partition: str) -> None: ...

    async def rows(self, table: Table[T], partition: str) -> list[T]:
        """Return the records of a partition, oldest first."""
        ...

    async def all_rows(self, table: Table[T]) -> list[tuple[str, str, T]]:
        """Return every (partition, item, record) of a table; too slow for requests of a service and for lists."""
        ...

    async def latest(self, table: Table[T], skip: int, limit: int) -> list[tuple[str, dict[str, T]]]:
        """Return up to ``limit`` partitions with their records by item, after ``skip`` others; latest write first."""
        ...

    async def partitions(self, table: Table[Any]) -> int:
        """Return the number of partitions of a table."""
        ...

    async def change(
        self, table: Table[T], partition: str, item: str, step: Callable[[T | None], tuple[T | None, R]]
    ) -> R:
        """Replace a record atomically by the first value of ``step`` (None deletes it); return the second.

        ``step`` receives the current record or None. The store may call it several times.
        """
        ...
