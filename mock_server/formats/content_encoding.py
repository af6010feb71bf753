"""Bodies unpacked as Content-Encoding says, up to a limit: of a packed body nobody sees how large it is.

A few hundred bytes of Brotli stand for gigabytes, so no decoder here makes more than was asked for.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

_MOST_CODINGS = 4
_PIECE = 1_024
"""Bytes that are unpacked at a time, so that of a damaged body all is kept that came before the damage."""
_LARGEST_WINDOW = 8 * 1_048_576
"""Bytes that zstd may look back; RFC 8878, 3.1.1.1.2, recommends to support as many."""


def unpacked(body: bytes, encoding: str, limit: int) -> bytes | None:
    """The first ``limit`` bytes of a body, up to where it is damaged; None for a coding that is unknown here."""
    codings = [coding.strip().lower() for coding in encoding.split(",")]
    packed = [coding for coding in codings if coding not in {"", "identity"}]
    if len(packed) > _MOST_CODINGS or not _DECODERS.keys() >= set(packed):
        return None
    for coding in reversed(packed):
        body = _DECODERS[coding](body, limit)
    return body[:limit]


def _gzip(body: bytes, limit: int) -> bytes:
    return _inflated(body, limit, zlib.MAX_WBITS | 16)


def _deflate(body: bytes, limit: int) -> bytes:
    """With the frame of zlib, as RFC 9110, 8.4.1.2, has it, or without, as some send it."""
    return _inflated(body, limit, zlib.MAX_WBITS) or _inflated(body, limit, -zlib.MAX_WBITS)


def _inflated(body: bytes, limit: int, window: int) -> bytes:
    stream, made = zlib.decompressobj(window), bytearray()
    with suppress(zlib.error):
        for piece in _pieces(body):
            made += stream.decompress(piece, limit - len(made))
            if len(made) >= limit:
                break
    return bytes(made)


def _brotli(body: bytes, limit: int) -> bytes:
    import brotli  # noqa: PLC0415 - most bodies are packed otherwise, or not at all

    stream, made = brotli.Decompressor(), bytearray()
    with suppress(brotli.error):
        for piece in _pieces(body):
            made += stream.process(piece, output_buffer_limit=limit - len(made))
            while len(made) < limit and not stream.can_accept_more_data():
                made += stream.process(b"", output_buffer_limit=limit - len(made))
            if len(made) >= limit:
                break
    return bytes(made)


def _zstd(body: bytes, limit: int) -> bytes:
    import zstandard  # noqa: PLC0415 - as above

    made = bytearray()
    reader = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).stream_reader(
        io.BytesIO(body), read_size=_PIECE, read_across_frames=True
    )
    with suppress(zstandard.ZstdError):
        while len(made) < limit and (piece := reader.read(min(limit - len(made), 65_536))):
            made += piece
    return bytes(made)


def _pieces(body: bytes) -> Iterator[bytes]:
    return (body[start : start + _PIECE] for start in range(0, len(body), _PIECE))


_DECODERS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
