"""The record file (``--record``): every exchange of the mock as JSON lines, up to a size limit."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import IO

import msgspec

from pass_harness.mock_server.exchange import Exchange, RecordEnded
from pass_harness.mock_server.formats.byte_size import Size, format_size
from pass_harness.mock_server.store import StoreUnavailable

log = logging.getLogger("mock_server")


class Recorder:
    """Appends exchanges to a file, one per line, so that the trace is complete up to the last response.

    Several processes may append to one file: each line is a single write at its end. The size limit applies to all of
    them, so the file has every exchange up to a moment and none after it.
    """

    def __init__(self, path: Path, limit: Size) -> None:
        self._path = path
        self._limit = limit
        self._encoder = msgspec.json.Encoder()
        self._file: IO[bytes] = path.open("ab", buffering=0)
        self._full = False

    def append(self, exchange: Exchange) -> None:
        """Append an exchange; raise StoreUnavailable if the line cannot be written completely."""
        if self._full:
            return
        try:
            if os.fstat(self._file.fileno()).st_size < self._limit:
                self._write(exchange)
            else:
                self._end(exchange)
        except OSError as error:
            raise StoreUnavailable(f"the exchange cannot be recorded in {self._path} ({error.strerror})") from error

    def close(self) -> None:
        self._file.close()

    def _end(self, first_left_out: Exchange) -> None:
        self._full = True
        reason = f"the file has reached its limit (--record-limit {format_size(self._limit)})"
        log.warning("%s: %s; later exchanges are not recorded", self._path, reason)
        self._write(RecordEnded(record_ended=reason, at=first_left_out.at, wall=first_left_out.wall))

    def _write(self, line: Exchange | RecordEnded) -> None:
        encoded = self._encoder.encode(line) + b"\n"
        if self._file.write(encoded) != len(encoded):
            raise StoreUnavailable(f"the exchange cannot be recorded completely in {self._path}")
