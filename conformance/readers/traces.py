"""Recorded traces of every kind, one or several, as exchanges in order of time."""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path

import msgspec

from conformance.adobe_hosts import Hosts
from conformance.engine import ORDERING_BUFFER, in_order
from conformance.errors import ConfigError
from conformance.facts.exchanges import NEEDS_TOKEN
from conformance.readers.har import read_har
from conformance.readers.jsonl import read_jsonl
from conformance.readers.unpacking import unpacked
from mock_server.exchange import Exchange
from mock_server.recognition import Recogniser

_HAR = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:')
_SNIFFED = 1 << 12
_DAY_ONE = 1_000_000_000.0
"""Seconds. Archives of other tools have the time of the day, which is later; a monotonic clock counts from a start."""


def read_traces(paths: Sequence[Path], hosts: Hosts) -> Iterator[Exchange]:
    """The exchanges with Adobe Pass in all files.

    `ConfigError` names the file where one cannot be read, or where it cannot be put in order.
    """
    recogniser = Recogniser()
    files = [_File(path, hosts) for path in paths]
    _check_clocks(files)
    merged = heapq.merge(*map(_ordered, files), key=attrgetter("wall"))
    # Archives that were read together count their entries from 1 each.
    numbers = itertools.count(1) if len(files) > 1 and any(file.is_foreign for file in files) else None
    for exchange in merged:
        seen = exchange
        if not seen.endpoint:
            seen = msgspec.structs.replace(seen, **recogniser.recognise(seen)._asdict())
            _check_whole(seen, paths)
        yield seen if numbers is None else msgspec.structs.replace(seen, id=next(numbers))


class _File:
    """One trace, begun."""

    def __init__(self, path: Path, hosts: Hosts) -> None:
        self.path = path
        self.is_har = _is_har(path)
        exchanges = read_har(path, hosts) if self.is_har else read_jsonl(path)
        self.first = next(exchanges, None)
        self.exchanges: Iterable[Exchange] = itertools.chain([self.first] if self.first else [], exchanges)

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else wrote it: its times are those of the day."""
        return self.is_har and self.first is not None and self.first.wall > _DAY_ONE


def _is_har(path: Path) -> bool:
    with unpacked(path, lambda: "1") as file:
        begins = file.read(_SNIFFED)
    return ".har" in path.suffixes[-2:] or _HAR.match(begins) is not None


def _ordered(file: _File) -> Iterator[Exchange]:
    latest = float("-inf")
    for exchange in in_order(file.exchanges):
        assert isinstance(exchange, Exchange)  # noqa: S101 - no verbs go in
        if exchange.wall < latest:
            raise ConfigError(
                f"{file.path}: exchange {exchange.id} began {latest - exchange.wall:.3f} s before one that stands more "
                f"than {ORDERING_BUFFER} places before it: sort the file by the time of the requests"
            )
        latest = exchange.wall
        yield exchange
