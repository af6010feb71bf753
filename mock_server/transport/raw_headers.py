"""Headers as ASGI has them: undecoded, names in lower case."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

RawHeaders = Sequence[tuple[bytes, bytes]]
LONGEST_REMEMBERED = 1024
"""Bytes of a name and its value: what strangers send must not fill the memory."""


@lru_cache(maxsize=2048)
def remembered(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A header, its name in lower case; the same one for the same header.

    A device sends almost the same ones with every request, and the journal holds a hundred thousand requests: with
    headers of their own these would be most of its memory, and fresh memory takes time to write to.
    """
    return name.lower(), value


def by_name(raw_headers: RawHeaders) -> dict[bytes, bytes]:
    """Headers as they are by name, the values of repeated ones joined."""
    headers = dict(raw_headers)
    if len(headers) < len(raw_headers):
        joined = decoded(raw_headers)
        headers = {name.encode("latin-1"): value.encode("latin-1") for name, value in joined.items()}
    return headers


def decoded(raw_headers: RawHeaders) -> dict[str, str]:
    """Headers by name, the values of repeated ones joined."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw_headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
