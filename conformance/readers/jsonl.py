"""Recorded traces: one exchange per line as JSON, as `pass-mock serve --record` writes them, gzipped or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.readers.gzip_files import unpacked
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

_ENDED = b'{"record_ended":'
"""How the line begins that takes the place of what is missing (`pass_harness.mock_server.exchange.RecordEnded`)."""
MOST = 1 << 26
"""Bytes that one line may have: of a gzipped one nobody sees how long it is."""


def read_jsonl(path: Path, ended: Callable[[Path], object] = lambda _: None) -> Iterator[Exchange]:
    """The exchanges of a trace, one at a time; empty lines are skipped.

    ``ended`` is told of a trace that says that it was not to grow further.
    Raises `ConfigError` naming file and line where the file cannot be read or a line is no exchange.
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
