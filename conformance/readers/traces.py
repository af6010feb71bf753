"""Recorded traces (JSON lines or HAR), one or several, as exchanges in order of time."""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.evaluation.ordering import in_order
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, SESSIONS
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.archive_times import with_known_times
from pass_harness.conformance.readers.gzip_files import unpacked
from pass_harness.conformance.readers.har import read_har
from pass_harness.conformance.readers.jsonl import read_jsonl
from pass_harness.conformance.readers.missing_ids import MissingIds
from pass_harness.conformance.readers.redaction import REMEDY, is_redacted, is_redacted_identifier
from pass_harness.conformance.readers.remarks import Remarks
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.proxy.recognition import Recogniser

_HAR = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+\{\s*+"
    rb'(?:"(?:[^"\\]|\\.)*+"\s*+:\s*+(?:"(?:[^"\\]|\\.)*+"|[\w.+-]++)\s*+,\s*+)*+"log"\s*+:'
)
"""The beginning of an archive: log is its first member, or texts and numbers come before it."""
_SNIFFED = 1 << 12
_MASKED = ("Bearer sha256:", "sha256:")
_IDENTIFIERS = dict.fromkeys(DCR, "client_id") | dict.fromkeys(SESSIONS, "code")
"""Identifier in a successful answer of each endpoint."""
ORDERING_BUFFER = 10_000
"""Maximum number of places that an exchange may be late in its file: arrivals during the slowest answer."""


def read_traces(
    paths: Sequence[Path],
    hosts: Hosts,
    remarks: Remarks | None = None,
    lengths: Mapping[Path, int] | None = None,
) -> Iterator[Exchange]:
    """Yield the exchanges with Adobe Pass in all files, merged in order of time. What else the files show goes into
    ``remarks``.

    ``lengths`` are the bytes to read of files that may grow. Without one, a file is read to its end.

    Raises `ConfigError` with the file where one cannot be read, lacks headers, or is out of order.
    """
    remarks, lengths = remarks or Remarks(), lengths or {}
    files = [_File(path, hosts, remarks, lengths.get(path)) for path in paths]
    _check_clocks(files)
    merged = heapq.merge(*map(_ordered, files), key=lambda seen: seen[0].wall)
    recogniser = Recogniser()
    # Archives count their entries from 1 each, so several get common ids.
    numbers = itertools.count(1) if len(files) > 1 and any(file.is_foreign for file in files) else None
    for exchange, path in merged:
        seen = remarks.lives.told_apart(exchange)
        _check_redaction(seen, path)
        if not seen.endpoint:
            seen = msgspec.structs.replace(seen, **recogniser.recognise(seen)._asdict())
            _check_whole(seen, path)
        _check_identifier(seen, path)
        yield seen if numbers is None else msgspec.structs.replace(seen, id=next(numbers))


class _File:
    """A trace with its first exchange read ahead."""

    def __init__(self, path: Path, hosts: Hosts, remarks: Remarks, length: int | None) -> None:
        self.path = path
        is_har = _is_har(path)
        exchanges = read_har(path, hosts, remarks, length) if is_har else read_jsonl(path, remarks, length)
        first = next(exchanges, None)
        self.exchanges: Iterator[Exchange] = exchanges if first is None else itertools.chain([first], exchanges)
        self.is_foreign = is_har and first is not None and not first.endpoint
        """True for an archive that neither mock nor proxy wrote: its times are wall-clock, not monotonic, times."""
        self.is_empty = first is None
        if self.is_foreign:
            self.exchanges = with_known_times(self.exchanges, lambda: remarks.coarse.add(path))
        else:
            missing = remarks.missing.setdefault(path, MissingIds(remarks.lives.begin))
            self.exchanges = missing.counted(self.exchanges)


def _is_har(path: Path) -> bool:
    with unpacked(path, lambda: "1") as file:
        begins = file.read(_SNIFFED)
    return ".har" in path.suffixes[-2:] or _HAR.match(begins) is not None


def _check_clocks(files: Iterable[_File]) -> None:
    clocks = {file.is_foreign: file.path for file in files if not file.is_empty}
    if len(clocks) > 1:
        raise ConfigError(
            f"{clocks[True]} has wall-clock times, {clocks[False]} has times of a monotonic clock: "
            "audit them one at a time"
        )


def _ordered(file: _File) -> Iterator[tuple[Exchange, Path]]:
    latest = float("-inf")
    for exchange in in_order(file.exchanges, ORDERING_BUFFER):
        assert isinstance(exchange, Exchange)  # noqa: S101 - no verbs went in
        if exchange.wall < latest:
            raise ConfigError(
                f"{file.path}: exchange {exchange.id} began {latest - exchange.wall:.3f} s before one that is "
                f"more than {ORDERING_BUFFER} places earlier in the file: sort the file by the time of the requests"
            )
        latest = exchange.wall
        yield exchange, file.path


def _check_redaction(exchange: Exchange, path: Path) -> None:
    """Raise `ConfigError` for a redacted access token in a trace of the mock or the proxy."""
    sent = exchange.request_headers.get("authorization")
    if sent is not None and not sent.startswith(_MASKED) and is_redacted(sent):
        raise ConfigError(f"{path}: exchange {exchange.id}: its header Authorization {REMEDY}")


def _check_identifier(exchange: Exchange, path: Path) -> None:
    """Raise `ConfigError` for a client or a code that is redacted: all clients, or all logins, would be one."""
    name = _IDENTIFIERS.get(exchange.endpoint) if 200 <= exchange.status < 300 else None
    if name is not None and is_redacted_identifier(getattr(exchange, name) or ""):
        raise ConfigError(f"{path}: exchange {exchange.id}: its {name} {REMEDY}")


def _check_whole(exchange: Exchange, path: Path) -> None:
    """Raise `ConfigError` for an exchange without Authorization that was answered with success.

    Browsers leave that header out of archives by default, and every request would be a violation.
    """
    answered = 200 <= exchange.status < 300
    if exchange.endpoint in NEEDS_TOKEN and answered and "authorization" not in exchange.request_headers:
        raise ConfigError(
            f"{path}: entry {exchange.id}: {exchange.method} {exchange.path} was answered {exchange.status} without "
            "an Authorization header, so the archive lacks headers: export the HAR with sensitive data"
        )
