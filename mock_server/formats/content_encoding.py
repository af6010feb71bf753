"""Decompression of bodies by Content-Encoding, up to a size limit.

A few hundred bytes of Brotli may decompress to gigabytes, so no decoder here produces more bytes than the limit.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

_MAX_CODINGS = 4
_CHUNK_BYTES = 1_024
"""Bytes per decoding step, so that a corrupt body decodes up to the corrupt chunk."""
_MAX_WINDOW_BYTES = 8 * 1_048_576
"""Maximum window of zstd; RFC 8878, 3.1.1.1.2, recommends to support this size."""


def decompress(body: bytes, encoding: str, limit: int) -> bytes | None:
    """Return the first ``limit`` decompressed bytes of a body, up to corrupt data; None for an unknown coding."""
    names = [coding.strip().lower() for coding in encoding.split(",")]
    codings = [name for name in names if name not in {"", "identity"}]
    if len(codings) > _MAX_CODINGS or not _DECODERS.keys() >= set(codings):
        return None
    for coding in reversed(codings):
        body = _DECODERS[coding](body, limit)
    return body[:limit]


def _gzip(body: bytes, limit: int) -> bytes:
    return _inflate(body, limit, zlib.MAX_WBITS | 16)


def _deflate(body: bytes, limit: int) -> bytes:
    """Decode with the zlib header, as RFC 9110, 8.4.1.2, requires, or without it, as some senders do."""
    return _inflate(body, limit, zlib.MAX_WBITS) or _inflate(body, limit, -zlib.MAX_WBITS)


def _inflate(body: bytes, limit: int, window: int) -> bytes:
    stream, decoded = zlib.decompressobj(window), bytearray()
    with suppress(zlib.error):
        for chunk in _chunks(body):
            decoded += stream.decompress(chunk, limit - len(decoded))
            if len(decoded) >= limit:
                break
    return bytes(decoded)


def _brotli(body: bytes, limit: int) -> bytes:
    import brotli  # noqa: PLC0415 - an optional dependency, which few bodies need

    stream, decoded = brotli.Decompressor(), bytearray()
    with suppress(brotli.error):
        for chunk in _chunks(body):
            decoded += stream.process(chunk, output_buffer_limit=limit - len(decoded))
            while len(decoded) < limit and not stream.can_accept_more_data():
                decoded += stream.process(b"", output_buffer_limit=limit - len(decoded))
            if len(decoded) >= limit:
                break
    return bytes(decoded)


def _zstd(body: bytes, limit: int) -> bytes:
    import zstandard  # noqa: PLC0415 - as above

    decoded = bytearray()
    reader = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES).stream_reader(
        io.BytesIO(body), read_size=_CHUNK_BYTES, read_across_frames=True
    )
    with suppress(zstandard.ZstdError):
        while len(decoded) < limit and (chunk := reader.read(min(limit - len(decoded), 65_536))):
            decoded += chunk
    return bytes(decoded)


def _chunks(body: bytes) -> Iterator[bytes]:
    return (body[start : start + _CHUNK_BYTES] for start in range(0, len(body), _CHUNK_BYTES))


_DECODERS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
