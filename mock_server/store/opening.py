"""The store that ``--store`` names."""

from __future__ import annotations

from pathlib import Path

from mock_server.store import Store, StoreUnavailable
from mock_server.store.memory import MemoryStore
from mock_server.store.sqlite import SqliteStore

FORMS = "memory, sqlite:PATH or redis://HOST:PORT/DATABASE"


def open_store(name: str) -> Store:
    """StoreUnavailable, with a sentence, if there is no such store or it cannot be used."""
    kind, _, rest = name.partition(":")
    if name == "memory":
        return MemoryStore()
    if kind == "sqlite" and rest:
        return SqliteStore(Path(rest))
    raise StoreUnavailable(f"{name!r} is no store: write {FORMS}")
