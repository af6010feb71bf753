"""A store in an SQLite file: a mock keeps its state across restarts.

Reads are from memory, as in the default store. A write is complete when SQLite has passed it to the operating system,
before the mock responds. A crash of the process therefore loses no acknowledged write. A power failure may lose the
latest writes but does not corrupt the file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from pass_harness.mock_server.formats.file_locks import fcntl
from pass_harness.mock_server.store import SpaceStore, StoreUnavailable, Table
from pass_harness.mock_server.store.memory import MAX_PARTITIONS, STATE_BYTES, MemorySpace, StateBudget, size_of
from pass_harness.mock_server.store.packing import pack, unpack

_APPLICATION = 0x504D4F43
_FORMAT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    place INTEGER PRIMARY KEY,
    space TEXT NOT NULL, life INTEGER NOT NULL, kind TEXT NOT NULL, partition TEXT NOT NULL, item TEXT NOT NULL,
    packed BLOB NOT NULL,
    UNIQUE (space, life, kind, partition, item)
) STRICT
"""
_ROOT = ("", 0)
_CHECKPOINT_SECONDS = 1.0
_LOCKED_SECONDS = 0.1
"""Maximum time to wait for another program that has locked the file. No request is served meanwhile."""
_MAX_WAL_PAGES = 16_384
"""Size of the write-ahead log at which a request checkpoints it; the checkpoint thread keeps it far below."""


class SqliteStore:
    """A store in one file, for one mock at a time."""

    def __init__(self, path: Path, max_partitions: int = MAX_PARTITIONS, max_bytes: int = STATE_BYTES) -> None:
        """Open or create the file; raise StoreUnavailable if it is unusable."""
        self.budget = StateBudget(max_bytes)
        self._max_partitions = max_partitions
        self._lock = _lock(path)
        try:
            self._file = _File(path)
        except StoreUnavailable:
            os.close(self._lock)
            raise
        self._root = _SqliteSpace(self._file, _ROOT, max_partitions, self.budget)
        self._spaces: dict[tuple[str, int], _SqliteSpace] = {}
        self._closed = threading.Event()
        self._checkpoints = threading.Thread(
            target=self._checkpoint, args=(path,), name="sqlite-checkpoints", daemon=True
        )
        self._checkpoints.start()

    def root(self) -> SpaceStore:
        return self._root

    def space(self, name: str, life: int) -> SpaceStore:
        key = (name, life)
        if key not in self._spaces:
            self._spaces[key] = _SqliteSpace(self._file, key, self._max_partitions, self.budget)
        return self._spaces[key]

    async def drop(self, name: str, life: int) -> None:
        dropped = self._spaces.pop((name, life), None)
        if dropped is not None:
            dropped.dropped = True
        self._file.run("DELETE FROM record WHERE space = ? AND life = ?", name, life)

    async def close(self) -> None:
        self._closed.set()
        self._checkpoints.join()
        self._file.close()
        os.close(self._lock)

    def _checkpoint(self, path: Path) -> None:
        """Checkpoint the write-ahead log once a second, in a thread, so that requests do not wait for the disk."""
        connection = sqlite3.connect(path, isolation_level=None)
        while not self._closed.wait(_CHECKPOINT_SECONDS):
            with contextlib.suppress(sqlite3.Error):  # for example a full disk: the next write fails and reports it
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        connection.close()


class _SqliteSpace(MemorySpace):
    """Tables in memory, loaded from the file on first use; writes go to the file first."""

    def __init__(self, file: _File, key: tuple[str, int], max_partitions: int, budget: StateBudget) -> None:
        super().__init__(max_partitions, budget)
        self._file = file
        self._key = key
        self.dropped = False
        """Whether the life was deleted; later writes of requests in progress are discarded."""

    def _partitions(self, table: Table[Any]) -> OrderedDict[str, dict[str, Any]]:
        partitions = self._tables.get(table.name)
        if partitions is None:
            partitions = OrderedDict()
            for partition, item, packed in self._run(
                "SELECT partition, item, packed FROM record WHERE space = ? AND life = ? AND kind = ? ORDER BY place",
                table.name,
            ):
                record = partitions.setdefault(partition, {})[item] = unpack(table, packed)
                self._count(table.name, size_of(partition, item, record))
            self._tables[table.name] = partitions
        return partitions

    def _items(self, table: Table[Any], partition: str) -> dict[str, Any]:
        return self._partitions(table).get(partition, {})

    def _save(self, table: Table[Any], partition: str, item: str, record: object) -> None:
        self._run(
            "INSERT INTO record (space, life, kind, partition, item, packed) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET packed = excluded.packed",
            table.name,
            partition,
            item,
            pack(record),
        )

    def _remove(self, table: Table[Any], partition: str, item: str) -> bool:
        if item not in self._items(table, partition):
            return False
        self._run(
            "DELETE FROM record WHERE space = ? AND life = ? AND kind = ? AND partition = ? AND item = ?",
            table.name,
            partition,
            item,
        )
        return super()._remove(table, partition, item)

    def _remove_partition(self, table: Table[Any], partition: str) -> None:
        if partition in self._partitions(table):
            self._run(
                "DELETE FROM record WHERE space = ? AND life = ? AND kind = ? AND partition = ?",
                table.name,
                partition,
            )
        super()._remove_partition(table, partition)

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return [] if self.dropped else self._file.run(statement, *self._key, *values)


class _File:
    """Connection to the SQLite file; each statement is a transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._connection = sqlite3.connect(path, _LOCKED_SECONDS, isolation_level=None)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{path} cannot be opened ({error})") from error
        try:
            self._prepare()
        except StoreUnavailable:
            self._connection.close()
            raise

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute a statement; raise StoreUnavailable, without a change of the file, if it fails."""
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(
                f"the state in {self._path} cannot be read or written ({error}): check that its disk has space, that "
                "the file is writable, and that no other program uses it"
            ) from error

    def close(self) -> None:
        self._connection.close()

    def _prepare(self) -> None:
        try:
            is_new = self.run("PRAGMA schema_version")[0][0] == 0
        except StoreUnavailable as error:
            if getattr(error.__cause__, "sqlite_errorname", "") != "SQLITE_NOTADB":
                raise
            raise StoreUnavailable(f"{self._path} is not an SQLite file: name another file") from error
        if is_new:
            self.run(f"PRAGMA application_id = {_APPLICATION}")
            self.run(f"PRAGMA user_version = {_FORMAT}")
        if self.run("PRAGMA application_id")[0][0] != _APPLICATION:
            raise StoreUnavailable(f"{self._path} is an SQLite file of another application: name another file")
        if self.run("PRAGMA user_version")[0][0] != _FORMAT:
            raise StoreUnavailable(f"{self._path} was written by another version of the mock: name a new file")
        self.run("PRAGMA journal_mode = WAL")
        self.run("PRAGMA synchronous = NORMAL")
        self.run(f"PRAGMA wal_autocheckpoint = {_MAX_WAL_PAGES}")
        self.run(_SCHEMA)


def _lock(path: Path) -> int:
    """Lock the file for this process; create it, readable by its owner only. Return the descriptor of the lock."""
    # SQLite names its own files after the target of a link too, so all names of a file share one lock.
    target = Path(os.path.realpath(path))
    try:
        file = os.open(target, os.O_RDWR | os.O_CREAT, 0o600)
        names = os.fstat(file).st_nlink
        os.close(file)
        lock = os.open(target.with_name(f"{target.name}-lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be written ({error.strerror})") from error
    if names > 1:
        os.close(lock)
        raise StoreUnavailable(
            f"{path} has {names} names (hard links), so another mock could use it unnoticed: copy the file"
        )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise StoreUnavailable(f"{path} is in use by another mock: stop that one, or name another file") from error
    return lock
