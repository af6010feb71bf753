"""Headers as ASGI has them: undecoded, names in lower case."""

from __future__ import annotations

from collections.abc import Sequence

RawHeaders = Sequence[tuple[bytes, bytes]]


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
