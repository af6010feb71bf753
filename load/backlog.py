"""Observations that wait for their judgement: the first ones in memory, the others in a temporary file."""

from __future__ import annotations

import os
import tempfile
from collections import deque
from typing import IO

import msgspec

from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.mock_server.exchange import Exchange

IN_MEMORY = 20_000
"""Maximum number of observations in memory."""
READ_AT_ONCE = 2_000
_VERB, _EXCHANGE = b"v", b"e"

_encoder = msgspec.json.Encoder()
_verbs = msgspec.json.Decoder(VerbCall)
_exchanges = msgspec.json.Decoder(Exchange)


class Backlog:
    """A queue of observations, first in, first out. Its memory is bounded, its file grows with the queue."""

    def __init__(self) -> None:
        self._first: deque[Observation] = deque()
        self._file: IO[bytes] | None = None
        self._read_to = 0
        self._in_file = 0

    def __len__(self) -> int:
        return len(self._first) + self._in_file

    def put(self, seen: Observation) -> None:
        """Add an observation at the end."""
        if not self._in_file and len(self._first) < IN_MEMORY:
            self._first.append(seen)
            return
        if self._file is None:
            # Without a name, so it is gone with the process.
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (`_read` closes it)
        self._file.write((_VERB if isinstance(seen, VerbCall) else _EXCHANGE) + _encoder.encode(seen) + b"\n")
        self._in_file += 1

    def get(self) -> Observation:
        """Remove and return the first observation. Raises `IndexError` if there is none."""
        if not self._first and self._file is not None:
            self._read(self._file)
        return self._first.popleft()

    def _read(self, file: IO[bytes]) -> None:
        file.seek(self._read_to)
        for _ in range(min(READ_AT_ONCE, self._in_file)):
            line = file.readline()
            self._first.append((_verbs if line[:1] == _VERB else _exchanges).decode(line[1:]))
            self._in_file -= 1
        self._read_to = file.tell()
        file.seek(0, os.SEEK_END)
        if not self._in_file:
            file.close()
            self._file, self._read_to = None, 0
