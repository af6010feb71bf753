"""Traces as JSON lines, one exchange per line, as `pass-mock serve --record` writes them, gzipped or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.readers.gzip_files import unpacked
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

_ENDED = b'{"record_ended":'
"""Beginning of the line that marks a cut trace (`pass_harness.mock_server.exchange.RecordEnded`)."""
MOST = 1 << 26
"""Maximum size of a line in bytes, since a small gzipped file may hold a huge line."""


def read_jsonl(path: Path, ended: Callable[[Path], object] = lambda _: None) -> Iterator[Exchange]:
    """Yield the exchanges of a trace; empty lines are skipped.

    Calls ``ended`` with the path of a trace that was cut at its maximum size. Raises `ConfigError` with file and line
    where the file cannot be read or a line is not an exchange.
    """
    decoder = msgspec.json.Decoder(Exchange)
    read = 0
    try:
        with unpacked(path, lambda: str(read + 1)) as lines:
            while line := lines.readline(MOST):
                read += 1
                if len(line) == MOST:
                    raise ConfigError(f"{path}:{read}: has more than {MOST} bytes; a trace has one exchange per line")
                if line.startswith(_ENDED):
                    ended(path)
                elif line.strip():
                    yield decoder.decode(line)
    except UNREADABLE as error:
        raise ConfigError(
            f"{path}:{read}: not an exchange: {error}; a trace has one exchange per line as JSON, "
            "as `pass-mock serve --record` writes it"
        ) from error
