"""Decompression of bodies: up to a limit, whatever their decompressed size."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from random import Random

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.mock_server.formats.content_encoding import decompress


def raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(body) + stream.flush()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
BOMB = 100_000_000


@given(st.binary(max_size=5_000), st.lists(st.sampled_from(sorted(PACK)), max_size=4), st.integers(1, 6_000))
def test_bodies_are_decompressed_up_to_the_limit(body: bytes, codings: list[str], limit: int) -> None:
    packed = body
    for coding in codings:
        packed = PACK[coding](packed)
    room = 100_000  # for what is packed twice: the limit is for each step
    assert decompress(packed, ", ".join(codings), room) == body
    assert decompress(PACK["br"](body), "br", limit) == body[:limit]
    assert decompress(PACK["gzip"](body), "gzip", limit) == body[:limit]
    assert decompress(PACK["zstd"](body), "zstd", limit) == body[:limit]


@given(st.binary(max_size=3_000), st.sampled_from(sorted(PACK)))
def test_any_bytes_do_no_harm(body: bytes, coding: str) -> None:
    found = decompress(body, coding, 10_000)
    assert found is not None
    assert len(found) <= 10_000


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", lambda body: brotli.compress(body, quality=1)),
        ("zstd", zstandard.compress),
        ("gzip, gzip", lambda body: gzip.compress(gzip.compress(body))),
    ],
)
def test_a_decompression_bomb_takes_bounded_memory(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(bytes(BOMB))
    tracemalloc.start()
    try:
        assert decompress(packed, encoding, 1_000_000) == bytes(1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["compress", "gzip, compress", ", ".join(["gzip"] * 5)])
def test_an_unknown_coding_is_none(encoding: str) -> None:
    assert decompress(b"abc", encoding, 100) is None


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_damaged_body_is_kept_up_to_the_damage(encoding: str) -> None:
    body = Random(1).randbytes(200_000)
    found = decompress(PACK[encoding](body)[:-30_000] + b"damage", encoding, 10_000_000)
    assert found is not None
    assert found[:20_000] == body[:20_000]
    assert len(found) < len(body)
