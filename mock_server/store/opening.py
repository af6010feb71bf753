"""The store that ``--store`` names, and the clock that goes with it."""

from __future__ import annotations

from pathlib import Path

from mock_server.clock import Clock, SystemClock
from mock_server.extras import require
from mock_server.masking import without_password
from mock_server.store import Store, StoreUnavailable
from mock_server.store.memory import MemoryStore
from mock_server.store.sqlite import SqliteStore

FORMS = "memory, sqlite:PATH or redis://HOST:PORT/DATABASE"
_REDIS = {"redis", "rediss", "unix"}


def is_shared(name: str) -> bool:
    """Whether several processes can use the store at once."""
    return name.partition(":")[0] in _REDIS


def open_store(name: str) -> tuple[Store, Clock]:
    """StoreUnavailable, with a sentence, if there is no such store or it cannot be used."""
    kind, _, rest = name.partition(":")
    if name == "memory":
        return MemoryStore(), SystemClock()
    if kind == "sqlite" and rest:
        return SqliteStore(Path(rest)), SystemClock()
    if is_shared(name) and rest.startswith("//"):
        return _open_redis(name)
    raise StoreUnavailable(f"{without_password(name)!r} is no store: write {FORMS}")


def _open_redis(url: str) -> tuple[Store, Clock]:
    require("redis", "a store in Redis")
    from mock_server.store.redis import RedisStore, common_time  # noqa: PLC0415 (an extra)

    try:
        return RedisStore(url), SystemClock(common_time(url, SystemClock()))
    except ValueError as error:
        raise StoreUnavailable(f"{without_password(url)!r} is no URL of a Redis server ({error})") from error
