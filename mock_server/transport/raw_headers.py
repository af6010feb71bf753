"""Headers as ASGI has them: undecoded, names in lower case."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

RawHeaders = Sequence[tuple[bytes, bytes]]
LONGEST_INTERNED = 1024
"""Bytes of a name and its value above which a header is not cached: clients must not be able to fill the memory."""


def interned(raw_headers: RawHeaders) -> RawHeaders:
    """Return the headers, each as one object with equal headers of earlier requests.

    A device sends almost the same headers with every request, and the journal holds a hundred thousand requests.
    """
    return [
        _interned(header) if len(header[0]) + len(header[1]) <= LONGEST_INTERNED else header for header in raw_headers
    ]


@lru_cache(maxsize=2048)
def _interned(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    return header


def by_name(raw_headers: RawHeaders) -> dict[bytes, bytes]:
    """Return undecoded headers by name, the values of repeated ones joined."""
    headers = dict(raw_headers)
    if len(headers) < len(raw_headers):
        joined = decoded(raw_headers)
        headers = {name.encode("latin-1"): value.encode("latin-1") for name, value in joined.items()}
    return headers


def decoded(raw_headers: RawHeaders) -> dict[str, str]:
    """Return headers by name, the values of repeated ones joined."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw_headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
