"""The journal: the last exchanges of a space in memory, and every exchange of the mock in a file, if asked for."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from mock_server.exchange import Exchange

FILTERS = ("endpoint", "device", "ip", "service_provider", "mvpd", "code")


class Journal:
    """A ring buffer of exchanges. Ids count up from 1 and are never given twice, not even after `clear`."""

    def __init__(self, limit: int, recorder: Recorder | None = None) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=limit)
        self._recorder = recorder
        self._observers: list[Callable[[Exchange], None]] = []
        self._last_id = 0
        self.dropped = 0
        """How many exchanges had to make room for newer ones."""

    @property
    def last_id(self) -> int:
        return self._last_id

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def append(self, exchange: Exchange) -> None:
        if len(self._exchanges) == self._exchanges.maxlen:
            self.dropped += 1
        self._exchanges.append(exchange)
        if self._recorder is not None:
            self._recorder.append(exchange)
        for observer in self._observers:
            observer(exchange)

    def observe(self, observer: Callable[[Exchange], None]) -> None:
        """Calls the observer with each exchange from now on."""
        self._observers.append(observer)

    def clear(self) -> None:
        self._exchanges.clear()
        self.dropped = 0

    def after(self, id_: int) -> Iterator[Exchange]:
        """The exchanges with a greater id, oldest first."""
        newer = itertools.takewhile(lambda exchange: exchange.id > id_, reversed(self._exchanges))
        return reversed(list(newer))

    def page(
        self, *, after: int, limit: int, status: int | None = None, filters: dict[str, str]
    ) -> tuple[list[Exchange], int]:
        """Up to ``limit`` exchanges after an id that match, and the id to go on from."""
        found: list[Exchange] = []
        position = after
        for exchange in self.after(after):
            if len(found) == limit:
                break
            position = exchange.id
            if status in (None, exchange.status) and all(getattr(exchange, k) == v for k, v in filters.items()):
                found.append(exchange)
        return found, position


class Recorder:
    """Appends exchanges to a file, a line each, so that a trace is whole up to the last answer."""

    def __init__(self, path: Path) -> None:
        self._encoder = msgspec.json.Encoder()
        self._file: IO[bytes] = path.open("ab", buffering=0)

    def append(self, exchange: Exchange) -> None:
        self._file.write(self._encoder.encode(exchange) + b"\n")

    def close(self) -> None:
        self._file.close()
