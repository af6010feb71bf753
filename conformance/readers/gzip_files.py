"""Trace files, compressed with gzip or zlib or not, as their first bytes (not their names) show."""

from __future__ import annotations

import gzip
import io
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pass_harness.conformance.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_GZIP = b"\x1f\x8b"
_ZLIB = frozenset({b"x\x01", b"x\x5e", b"x\x9c", b"x\xda"})
"""Beginnings of zlib streams (RFC 1950), which mitmproxy writes to ``*.zhar``. No trace begins so."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{")
"""Beginnings of JSON in UTF-16, with a byte order mark or without."""
_BUFFER = 1 << 18


class _Beginning(io.RawIOBase):
    """The first bytes of a file, which may grow while it is read."""

    def __init__(self, path: Path, length: int) -> None:
        self._file = io.FileIO(path)
        self._rest = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        read = self._file.readinto(memoryview(buffer)[: self._rest])
        self._rest -= read
        return read

    def close(self) -> None:
        self._file.close()
        super().close()


class _Inflated(io.RawIOBase):
    """The bytes in a zlib stream; zlib.error or EOFError for a damaged one."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._stream = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        room = memoryview(buffer)
        while not self._stream.eof:
            packed = self._stream.unconsumed_tail or self._packed.read(_BUFFER)
            if not packed:
                raise EOFError("it ends before the end of the stream")
            if plain := self._stream.decompress(packed, len(room)):
                room[: len(plain)] = plain
                return len(plain)
        return 0


def lengths(paths: Iterable[Path]) -> dict[Path, int]:
    """Return the lengths in bytes of those that are files now; pipes have none."""
    found = {path: path.stat() for path in paths if path.exists()}
    return {path: one.st_size for path, one in found.items() if stat.S_ISREG(one.st_mode)}


@contextmanager
def unpacked(path: Path, place: Callable[[], str], length: int | None = None) -> Iterator[BinaryIO]:
    """Yield the decompressed bytes of a file as a stream, or of its first ``length`` bytes.

    Raises `ConfigError` with the file where it cannot be read, and with ``place()`` where its gzip or zlib stream is
    damaged.
    """
    kind = "gzip"
    try:
        raw = io.FileIO(path) if length is None else _Beginning(path, length)
        with io.BufferedReader(raw, _BUFFER) as file:
            begins = file.peek(len(_GZIP))[: len(_GZIP)]
            if begins in _ZLIB:
                kind = "zlib"
                with io.BufferedReader(_Inflated(file), _BUFFER) as plain:
                    yield _text(path, plain)
                return
            if begins != _GZIP:
                yield _text(path, file)
                return
            with gzip.GzipFile(fileobj=file) as packed, io.BufferedReader(packed, _BUFFER) as plain:
                yield _text(path, plain)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ConfigError(f"{path}:{place()}: the {kind} stream is damaged ({error}); copy the file again") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error


def _text(path: Path, plain: io.BufferedReader[Any]) -> BinaryIO:
    """Return the stream; raise `ConfigError` where it begins as no text in UTF-8 does."""
    begins = plain.peek(2)[:2]
    if begins in _UTF_16:
        remedy = "in PowerShell: Get-Content FILE | Set-Content -Encoding utf8 COPY"
        raise ConfigError(f"{path}: is text in UTF-16; save it as UTF-8 ({remedy})")
    if begins == _GZIP or begins in _ZLIB:
        raise ConfigError(f"{path}: is compressed twice; decompress it once, with gunzip for example")
    return cast(BinaryIO, plain)
