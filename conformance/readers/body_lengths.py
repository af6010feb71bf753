"""Signs of bodies in the heads of messages (RFC 9110)."""

from __future__ import annotations

from collections.abc import Mapping

_BODILESS = frozenset({204, 205, 304})


def content_length(headers: Mapping[str, str]) -> int:
    """Return the Content-Length among headers with lower-case names; -1 without a valid one."""
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else -1


def may_have_body(method: str, status: int) -> bool:
    """Return whether the response to ``method`` may have a body."""
    return method != "HEAD" and status >= 200 and status not in _BODILESS
