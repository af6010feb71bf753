"""The store that ``--store`` names, and the clock that goes with it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pass_harness.mock_server.clock import Clock, SystemClock
from pass_harness.mock_server.optional_dependencies import require
from pass_harness.mock_server.store import Store, StoreUnavailable
from pass_harness.mock_server.store.memory import MemoryStore
from pass_harness.mock_server.store.sqlite import SqliteStore

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
    from pass_harness.mock_server.store.redis import RedisStore, common_time  # noqa: PLC0415 (an extra)

    try:
        return RedisStore(url), SystemClock(common_time(url, SystemClock()))
    except ValueError as error:
        raise StoreUnavailable(f"{without_password(url)!r} is no URL of a Redis server ({error})") from error


def without_password(url: str) -> str:
    """An address as it may be shown."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return url.partition("@")[2] or url
    return url.replace(f":{password}@", ":…@", 1) if password else url
