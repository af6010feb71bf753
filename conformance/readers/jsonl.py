"""Traces as JSON lines, one exchange per line, as `pass-mock serve --record` writes them, gzipped or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.readers.body_lengths import content_length, may_have_body
from pass_harness.conformance.readers.gzip_files import unpacked
from pass_harness.conformance.readers.remarks import Remarks
from pass_harness.mock_server.exchange import BodyName, Exchange, SpaceReset, Stall
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

_ENDED = b'{"record_ended":'
"""Beginning of the line that marks a cut trace (`pass_harness.mock_server.exchange.RecordEnded`)."""
_STALL = b'{"stalled_ms":'
"""Beginning of the line of a stall of the mock."""
_RESET = b'{"reset_space":'
"""Beginning of the line of a reset of a space."""
_LENGTH = "content-length"
_MARK = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8, which editors and PowerShell write before the first line."""
MOST = 1 << 26
"""Maximum size of a line in bytes, since a small gzipped file may hold a huge line."""


def read_jsonl(
    path: Path,
    remarks: Remarks | None = None,
    length: int | None = None,
) -> Iterator[Exchange]:
    """Yield the exchanges of a trace, or of its first ``length`` bytes. What else it shows goes into ``remarks``.

    Empty lines are skipped.

    Raises `ConfigError` with file and line where the file cannot be read or a line is not an exchange; an incomplete
    last line is a remark.
    """
    remarks = remarks or Remarks()
    decoder = msgspec.json.Decoder(Exchange)
    read = exchanges = 0
    line = b""
    try:
        with unpacked(path, lambda: str(read + 1), length) as lines:
            while line := lines.readline(MOST):
                read += 1
                line = line.removeprefix(_MARK) if read == 1 else line
                if len(line) == MOST:
                    raise ConfigError(f"{path}:{read}: has more than {MOST} bytes; a trace has one exchange per line")
                if line.startswith(_ENDED):
                    remarks.cut_short.add(path)
                elif line.startswith(_STALL):
                    remarks.stalls.append(msgspec.json.decode(line, type=Stall))
                elif line.startswith(_RESET):
                    reset = msgspec.json.decode(line, type=SpaceReset)
                    remarks.lives.begin(reset.reset_space, reset.wall)
                elif line.strip():
                    exchange = decoder.decode(line)
                    exchanges += 1
                    yield _with_gaps(exchange) if _has_unfilled_length(exchange) else exchange
    except UNREADABLE as error:
        if exchanges and _is_torn(line):
            remarks.torn.add(path)
            return
        raise ConfigError(
            f"{path}:{read}: not an exchange: {error}; a trace has one exchange per line as JSON, "
            "as `pass-mock serve --record` writes it"
        ) from error


def _is_torn(line: bytes) -> bool:
    """Return whether a line is the beginning of one: a killed process or a full disk leaves it at the end.

    A machine that lost its power may leave zeros in the place of what it had not written yet.
    """
    return (line.startswith(b"{") and not line.endswith(b"\n")) or not line.strip(b"\0")


def _has_unfilled_length(exchange: Exchange) -> bool:
    return (not exchange.request_body and _LENGTH in exchange.request_headers) or (
        not exchange.response_body and _LENGTH in exchange.response_headers
    )


def _with_gaps(exchange: Exchange) -> Exchange:
    """Return the exchange with the bodies in ``lacks`` that somebody removed from the trace: they had a length."""
    lacks: list[BodyName] = []
    if not exchange.request_body and content_length(exchange.request_headers) > 0:
        lacks.append("request_body")
    answered = may_have_body(exchange.method, exchange.status)
    if answered and not exchange.response_body and content_length(exchange.response_headers) > 0:
        lacks.append("response_body")
    if not lacks or exchange.lacks:
        return exchange
    return msgspec.structs.replace(exchange, lacks=tuple(lacks))
