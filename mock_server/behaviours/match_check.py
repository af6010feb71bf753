"""Checks of a `Match` against what exists: it may name endpoints, MVPDs or service providers that no request has."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

from pass_harness.mock_server.adobe.headers import decode_base64, device_identifier
from pass_harness.mock_server.behaviours.model import Match
from pass_harness.mock_server.catalogue import Catalogue
from pass_harness.mock_server.formats.toml_file import nearest

_MIN_IDENTIFIER = 8
"""Characters of a decoded identifier; shorter texts are Base64 by chance."""


def unknown_endpoint(match: Match, endpoints: Collection[str]) -> str | None:
    """Return the reason why ``match.endpoint`` selects none of the ids of endpoints, else None."""
    if match.endpoint is None or _selects(match.endpoint, endpoints):
        return None
    return f'there is no endpoint "{match.endpoint}"; {nearest(match.endpoint, filter(None, endpoints))}'


def doubts(match: Match, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Yield the fields of a match that select nothing of the catalogue, each with the reason.

    They may be right all the same: requests may name MVPDs and service providers that do not exist.
    """
    for field, kind, known in (
        ("mvpd", "MVPD", catalogue.mvpds),
        ("service_provider", "service provider", catalogue.service_providers),
    ):
        pattern = getattr(match, field)
        if pattern is not None and not _selects(pattern, known):
            yield field, f'the catalogue has no {kind} "{pattern}"; {nearest(pattern, known)}'
    if match.device is not None and (decoded := _decoded(match.device)) is not None:
        yield "device", f'a match takes the decoded identifier of a device: write "{decoded}"'


def _selects(pattern: str, names: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)


def _decoded(device: str) -> str | None:
    """Return the identifier in a value of AP-Device-Identifier or in its Base64; None for any other text."""
    header = device_identifier(device)
    if header is not None:
        return header.decoded
    raw = decode_base64(device)
    if raw is None or len(raw) < _MIN_IDENTIFIER or not raw.isascii():
        return None
    identifier = raw.decode()
    return identifier if identifier.isprintable() else None
