"""Opening of the store that ``--store`` names, with its clock."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from pass_harness.mock_server.clock import Clock, SystemClock
from pass_harness.mock_server.formats.file_locks import require_file_locks
from pass_harness.mock_server.optional_dependencies import require
from pass_harness.mock_server.store import Store, StoreUnavailable
from pass_harness.mock_server.store.memory import STATE_BYTES, MemoryStore
from pass_harness.mock_server.store.sqlite import SqliteStore

FORMS = "memory, sqlite:PATH, redis://HOST:PORT/DATABASE or redis+cluster://HOST:PORT"
_SHARED_SCHEMES = {"redis", "rediss", "unix", "redis+cluster", "rediss+cluster"}
"""URL schemes of the stores that several processes can use at once: all are of Redis."""
_PASSWORD = re.compile(r"([?&]password=)[^&#]*+", re.IGNORECASE)


def is_shared(name: str) -> bool:
    """Return whether several processes can use the store at once."""
    return name.partition(":")[0] in _SHARED_SCHEMES


def open_store(name: str, max_bytes: int = STATE_BYTES) -> tuple[Store, Clock]:
    """Open the store; raise StoreUnavailable, with the reason, if the name is invalid or the store unusable.

    ``max_bytes`` is the maximum memory of the state in this process; the state in Redis has the limits of its server.
    """
    kind, _, rest = name.partition(":")
    if name == "memory":
        return MemoryStore(max_bytes=max_bytes), SystemClock()
    if kind == "sqlite" and rest:
        require_file_locks("--store sqlite")
        return SqliteStore(Path(rest), max_bytes=max_bytes), SystemClock()
    if is_shared(name) and rest.startswith("//"):
        return _open_redis(name)
    raise StoreUnavailable(f"{without_password(name)!r} is not a store: write {FORMS}")


def _open_redis(url: str) -> tuple[Store, Clock]:
    require("redis", "a store in Redis")
    from pass_harness.mock_server.store.redis import RedisStore, server_offset_s  # noqa: PLC0415 (an extra)

    try:
        return RedisStore(url), SystemClock(server_offset_s(url, SystemClock()))
    except ValueError as error:
        raise StoreUnavailable(f"{without_password(url)!r} is not the URL of a Redis server ({error})") from error


def without_password(url: str) -> str:
    """Return a store URL with its password removed, for output."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return url.partition("@")[2] or url
    shown = url.replace(f":{password}@", ":…@", 1) if password else url
    return _PASSWORD.sub(r"\1…", shown)
