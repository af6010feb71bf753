"""Headers as ASGI has them: undecoded, names in lower case."""

from __future__ import annotations

from collections.abc import Sequence

RawHeaders = Sequence[tuple[bytes, bytes]]
LONGEST_INTERNED = 4096
"""Bytes of the headers of a request above which they are not kept: clients must not be able to fill the memory."""
_MOST_INTERNED = 2048
_interned: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}


def size_of(raw_headers: RawHeaders) -> int:
    """Return the bytes of the names and values."""
    return sum([len(name) + len(value) for name, value in raw_headers])


def interned(raw_headers: RawHeaders, size: int) -> RawHeaders:
    """Return the headers, of ``size`` bytes, each as one object with equal headers of earlier requests.

    A device sends almost the same headers with every request, and the journal holds a hundred thousand requests.
    """
    if size > LONGEST_INTERNED:
        return raw_headers
    if len(_interned) > _MOST_INTERNED:
        _interned.clear()
    return [_interned.setdefault(header, header) for header in raw_headers]


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
