"""The record file (``--record``): every exchange of the mock as JSON lines, up to a size limit."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pass_harness.mock_server.exchange import Exchange, RecordEnded, SpaceReset, Stall
from pass_harness.mock_server.formats.byte_size import Size, format_size
from pass_harness.mock_server.formats.file_locks import fcntl, require_file_locks
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.store import StoreUnavailable

log = logging.getLogger("mock_server")

_LARGEST_ID = 2**63 - 1
_BLOCK = 1 << 16


class Recorder:
    """Appends exchanges to a file, one per line, so that the trace is complete up to the last response.

    The file has whole lines only: a line that does not fit on the disk is truncated away, and so is one that a killed
    process left behind. The workers of one mock share a recorder, which they inherit from their parent; the size
    limit applies to all of them. The lock of the file keeps other mocks away.
    """

    def __init__(self, path: Path, limit: Size) -> None:
        """Open or create the file; raise ConfigError if it is unusable, in use, or not a record file."""
        require_file_locks("--record")
        self._path = path
        self._limit = limit
        self._encoder = msgspec.json.Encoder()
        self._full = False
        self._end = 0
        """Size of the file after the last write of this process."""
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise ConfigError(
                f"--record {path}: cannot be written ({error.strerror}); choose another file"
            ) from error
        # Pipes and devices have neither locks nor an end to truncate.
        self._is_regular = stat.S_ISREG(os.fstat(self._file).st_mode)
        if self._is_regular:
            try:
                self._claim()
            except ConfigError:
                self.close()
                raise

    def append(self, line: Exchange | SpaceReset | Stall) -> None:
        """Append a line; raise StoreUnavailable, and leave the file as it was, if it cannot be written."""
        with self._writing() as size:
            if self._has_room(line, size):
                self._write(self._line(line), size)

    def append_reset(self, space: str, *, at: int, wall: float) -> None:
        """Append a line on the reset of a space; raise StoreUnavailable as `append` does."""
        self.append(SpaceReset(reset_space=space, at=at, wall=wall))

    def reserve(self, exchange: Exchange) -> Reservation:
        """Reserve a line for an exchange whose id is not known yet; raise StoreUnavailable as `append` does."""
        with self._writing() as size:
            if not self._has_room(exchange, size):
                return Reservation(self, 0, 0)
            length = len(self._line(msgspec.structs.replace(exchange, id=_LARGEST_ID)))
            if self._is_regular:
                # Readers of traces skip blank lines.
                self._write(b"\n".rjust(length), size)
            return Reservation(self, size, length)

    def close(self) -> None:
        """Close the file. Its lock ends when all processes of the mock have closed it."""
        os.close(self._file)

    def _fill(self, exchange: Exchange, start: int, length: int) -> None:
        line = self._line(exchange)
        with self._writing():
            if self._is_regular:
                self._write_all(line[:-1].ljust(length - 1) + b"\n", start)
            else:
                self._write(line, 0)

    def _release(self, start: int, length: int) -> None:
        if self._is_regular:
            with self._writing() as size:
                if size == start + length:
                    self._truncate(start)

    def _has_room(self, line: Exchange | SpaceReset | Stall, size: int) -> bool:
        """Return whether the file is below its limit; at the limit, end it with a line that says so."""
        if self._full or size < self._limit:
            return not self._full
        self._full = True
        reason = f"the file has reached its limit (--record-limit {format_size(self._limit)})"
        log.warning("%s: %s; later exchanges are not recorded", self._path, reason)
        self._write(self._line(RecordEnded(record_ended=reason, at=line.at, wall=line.wall)), size)
        return False

    def _line(self, line: Exchange | RecordEnded | SpaceReset | Stall) -> bytes:
        return self._encoder.encode(line) + b"\n"

    @contextlib.contextmanager
    def _writing(self) -> Iterator[int]:
        """Exclude the other workers, and yield the size of the file, which has whole lines only."""
        if not self._is_regular:
            yield 0
            return
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                size = os.fstat(self._file).st_size
                if size != self._end:  # another worker has written, perhaps its last line
                    size = self._end = self._repaired(size)
                yield size
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
        except OSError as error:
            raise self._failure(error) from error

    def _write(self, line: bytes, size: int) -> None:
        """Write a line at the end of the file, or nothing of it."""
        try:
            self._write_all(line, size)
        except OSError as error:
            if self._is_regular:
                self._truncate(size)
            raise self._failure(error) from error
        self._end = size + len(line)

    def _write_all(self, line: bytes, start: int) -> None:
        written = 0
        while written < len(line):  # a short write has no reason; that of the next one is the reason
            rest = line[written:]
            written += (
                os.pwrite(self._file, rest, start + written) if self._is_regular else os.write(self._file, rest)
            )

    def _truncate(self, size: int) -> None:
        with contextlib.suppress(OSError):  # the next write repairs the end
            os.ftruncate(self._file, size)
            self._end = size

    def _claim(self) -> None:
        """Lock the file for this mock, and repair its end."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._end = self._repaired(os.fstat(self._file).st_size)
        except BlockingIOError as error:
            raise ConfigError(
                f"--record {self._path}: is in use by another mock; stop that one, or choose another file"
            ) from error
        except OSError as error:
            raise ConfigError(f"--record {self._path}: {error.strerror}; choose another file") from error

    def _repaired(self, size: int) -> int:
        """Truncate a line without end, which a killed process or a full disk has left; return the new size."""
        if size == 0 or os.pread(self._file, 1, size - 1) == b"\n":
            return size
        end, newline = size, -1
        while end and newline < 0:
            start = max(end - _BLOCK, 0)
            newline = os.pread(self._file, end - start, start).rfind(b"\n")
            end = start + newline + 1
        last = os.pread(self._file, size - end, end)
        if not last.startswith(b"{") and last.strip(b"\0"):  # zeros are what a loss of power leaves
            raise OSError(errno.EINVAL, "its last line is not an exchange")
        try:
            msgspec.json.decode(last)
        except UNREADABLE:
            log.warning("%s: its last line was incomplete (%d bytes) and is removed", self._path, len(last))
            os.ftruncate(self._file, end)
            return end
        os.pwrite(self._file, b"\n", size)
        return size + 1

    def _failure(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(f"the exchange cannot be recorded in {self._path} ({error.strerror})")


class Reservation:
    """The place of a line in a record file. Its bytes are on the disk, so that filling it needs no more space."""

    def __init__(self, recorder: Recorder, start: int, length: int) -> None:
        """``length`` in bytes; 0 for an exchange that is left out because the file is at its limit."""
        self._recorder = recorder
        self._start = start
        self._length = length

    def fill(self, exchange: Exchange) -> None:
        """Write the exchange, whose id is now known."""
        if self._length:
            self._recorder._fill(exchange, self._start, self._length)

    def release(self) -> None:
        """Give the place back; where other lines follow, a blank line remains."""
        if self._length:
            self._recorder._release(self._start, self._length)
