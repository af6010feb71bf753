"""Recorded traces: one exchange per line as JSON, as `pass-mock serve --record` writes them, gzipped or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from conformance.errors import ConfigError
from mock_server.exchange import Exchange


def read_jsonl(path: Path) -> Iterator[Exchange]:
    """The exchanges of a trace, one at a time; empty lines are skipped, and ``.gz`` is unpacked.

    Raises `ConfigError` naming file and line where the file cannot be read or a line is no exchange.
    """
    decoder = msgspec.json.Decoder(Exchange)
    read = 0
    try:
        with _open(path) as lines:
            for line in lines:
                read += 1
                if line.strip():
                    yield decoder.decode(line)
    except msgspec.DecodeError as error:
        raise ConfigError(
            f"{path}:{read}: not an exchange: {error}; a trace has one exchange per line as JSON, "
            "as `pass-mock serve --record` writes it"
        ) from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ConfigError(f"{path}:{read + 1}: the gzip stream is damaged ({error}); copy the file again") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error


def _open(path: Path) -> BinaryIO:
    # A gzip stream has the reading half of the interface, which is all that is used.
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")
