"""Recorded traces of every kind, one or several, as exchanges in order of time."""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.evaluation.engine import in_order
from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.gzip_files import unpacked
from pass_harness.conformance.readers.har import read_har
from pass_harness.conformance.readers.jsonl import read_jsonl
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.proxy.recognition import Recogniser

_HAR = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:')
_SNIFFED = 1 << 12
ORDERING_BUFFER = 10_000
"""Places by which an exchange may stand too late in its file: as many as arrive while the slowest is answered."""


def read_traces(
    paths: Sequence[Path], hosts: Hosts, ended: Callable[[Path], object] = lambda _: None
) -> Iterator[Exchange]:
    """The exchanges with Adobe Pass in all files.

    ``ended`` is told of those that were not to grow further and say so.
    `ConfigError` names the file where one cannot be read, is not whole, or cannot be put in order.
    """
    files = [_File(path, hosts, ended) for path in paths]
    _check_clocks(files)
    merged = heapq.merge(*map(_ordered, files), key=lambda seen: seen[0].wall)
    recogniser = Recogniser()
    # Of archives that are read together each counts its entries from 1.
    numbers = itertools.count(1) if len(files) > 1 and any(file.is_foreign for file in files) else None
    for exchange, path in merged:
        seen = exchange
        if not seen.endpoint:
            seen = msgspec.structs.replace(seen, **recogniser.recognise(seen)._asdict())
            _check_whole(seen, path)
        yield seen if numbers is None else msgspec.structs.replace(seen, id=next(numbers))


class _File:
    """One trace, begun."""

    def __init__(self, path: Path, hosts: Hosts, ended: Callable[[Path], object]) -> None:
        self.path = path
        is_har = _is_har(path)
        exchanges = read_har(path, hosts) if is_har else read_jsonl(path, ended)
        first = next(exchanges, None)
        self.exchanges = exchanges if first is None else itertools.chain([first], exchanges)
        self.is_foreign = is_har and first is not None and not first.endpoint
        """Whether the times are those of the day, and not of a monotonic clock: neither mock nor proxy wrote it."""
        self.is_empty = first is None


def _is_har(path: Path) -> bool:
    with unpacked(path, lambda: "1") as file:
        begins = file.read(_SNIFFED)
    return ".har" in path.suffixes[-2:] or _HAR.match(begins) is not None


def _check_clocks(files: Iterable[_File]) -> None:
    clocks = {file.is_foreign: file.path for file in files if not file.is_empty}
    if len(clocks) > 1:
        raise ConfigError(
            f"{clocks[True]} has times of the day, {clocks[False]} those of a clock that counts from its start: "
            "judge them one at a time"
        )


def _ordered(file: _File) -> Iterator[tuple[Exchange, Path]]:
    latest = float("-inf")
    for exchange in in_order(file.exchanges, ORDERING_BUFFER):
        assert isinstance(exchange, Exchange)  # noqa: S101 - no verbs went in
        if exchange.wall < latest:
            raise ConfigError(
                f"{file.path}: exchange {exchange.id} began {latest - exchange.wall:.3f} s before one that stands "
                f"more than {ORDERING_BUFFER} places before it: sort the file by the time of the requests"
            )
        latest = exchange.wall
        yield exchange, file.path


def _check_whole(exchange: Exchange, path: Path) -> None:
    """Browsers leave Authorization out of archives unless told otherwise, and every request would be a breach."""
    answered = 200 <= exchange.status < 300
    if exchange.endpoint in NEEDS_TOKEN and answered and "authorization" not in exchange.request_headers:
        raise ConfigError(
            f"{path}: entry {exchange.id}: {exchange.method} {exchange.path} was answered {exchange.status} without "
            "an Authorization header, so headers were left out: export the HAR with sensitive data"
        )
