"""Trace files, gzipped or not, as their first bytes (not their names) show."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pass_harness.conformance.errors import ConfigError

_GZIP = b"\x1f\x8b"
_BUFFER = 1 << 18


@contextmanager
def unpacked(path: Path, place: Callable[[], str]) -> Iterator[BinaryIO]:
    """Yield the decompressed bytes of a file as a stream.

    Raises `ConfigError` with the file where it cannot be read, and with ``place()`` where the gzip stream is damaged.
    """
    try:
        with io.BufferedReader(io.FileIO(path), _BUFFER) as file:
            if not file.peek(len(_GZIP)).startswith(_GZIP):
                yield cast(BinaryIO, file)
                return
            with gzip.GzipFile(fileobj=file) as packed, io.BufferedReader(packed, _BUFFER) as plain:
                yield cast(BinaryIO, plain)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ConfigError(f"{path}:{place()}: the gzip stream is damaged ({error}); copy the file again") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
