"""The state of the mock behind one small interface.

Records live in tables, by partition and item: a partition is what is listed together (the profiles of a
device), an item is one record of it. Records are immutable structs; `change` is the one way to read and write
in a single step, and what concurrent requests must not tear goes through it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Table(Generic[T]):
    """A named collection of records of one type."""

    name: str
    record: type[T]


class StoreUnavailable(Exception):
    """The state cannot be read or written now; the sentence says why."""


class Store(Protocol):
    """All spaces' state. Implementations pass the tests of tests/mock_server/test_store.py."""

    def root(self) -> SpaceStore:
        """What belongs to no space: which spaces there are."""
        ...

    def space(self, name: str, life: int) -> SpaceStore:
        """The state of a space in one of its lives; lives share nothing."""
        ...

    async def drop(self, name: str, life: int) -> None:
        """Forgets a life of a space."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class SharedStore(Store, Protocol):
    """A store that several processes use at once."""

    def log(self, space: str, life: int, name: str, limit: int) -> Log:
        """A log of a life of a space, which keeps about the last ``limit`` entries."""
        ...


class SpaceStore(Protocol):
    """The tables of one space."""

    async def read(self, table: Table[T], partition: str, item: str = "") -> T | None: ...

    async def write(self, table: Table[T], partition: str, item: str, record: T) -> None: ...

    async def delete(self, table: Table[T], partition: str, item: str = "") -> bool:
        """Removes a record; whether there was one."""
        ...

    async def delete_partition(self, table: Table[T], partition: str) -> None: ...

    async def rows(self, table: Table[T], partition: str) -> list[T]:
        """The records of a partition, oldest first."""
        ...

    async def all_rows(self, table: Table[T]) -> list[tuple[str, str, T]]:
        """Every (partition, item, record) of a table; for control calls, not for the wire."""
        ...

    async def change(
        self, table: Table[T], partition: str, item: str, step: Callable[[T | None], tuple[T | None, R]]
    ) -> R:
        """Replaces a record by what ``step`` makes of it (None removes it) in one step; step's second value."""
        ...


class Log(Protocol):
    """Entries of one life of a space that all its processes append to. The oldest make room for the newest.

    An entry's number is greater than all that were given before, in earlier lives too.
    """

    async def append(self, entry: bytes) -> int:
        """Adds an entry; its number."""
        ...

    async def after(self, number: int, limit: int) -> list[tuple[int, bytes]]:
        """Entries with a greater number, oldest first."""
        ...

    async def last(self) -> int:
        """The number that was given last."""
        ...

    async def total(self) -> int:
        """How many entries this life has seen."""
        ...

    async def dropped(self) -> int:
        """How many of them had to make room."""
        ...
