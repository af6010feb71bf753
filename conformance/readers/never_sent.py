"""Entries of HAR archives whose requests never went to Adobe Pass: browsers list them like others."""

from __future__ import annotations

import re

from pass_harness.conformance.readers.har_entry import Entry

CACHE = "answered from a cache"
SERVICE_WORKER = "answered by a service worker, whose own request is another entry"
BLOCKED = "blocked"
TOOL = "answered or stopped by a test tool"
REDIRECT = "redirected by the browser itself"
NO_CONNECTION = "no connection"

_BLOCKED = re.compile(r"\b(?:blocked|killed)\b|ERR_BLOCKED_(?!BY_(?:RESPONSE|ORB))", re.IGNORECASE)
"""Errors of requests that the browser, or the user of a proxy, held back. BY_RESPONSE and BY_ORB are of responses."""
_INTERRUPTED = re.compile(
    r"ERR_(?:CONNECTION_(?:RESET|CLOSED|ABORTED)|EMPTY_RESPONSE|INCOMPLETE_CHUNKED|CONTENT_LENGTH|CONTENT_DECODING|"
    r"HTTP2|QUIC|RESPONSE|INVALID_(?:HTTP|CHUNKED|RESPONSE)|BLOCKED_BY_(?:RESPONSE|ORB))"
)
"""Errors of Chromium that only an open connection has. It exports no address for them."""
_PROXIES = re.compile(
    r"\b(?:mitmproxy|charles|proxyman|fiddler|http toolkit|burp|zap|browser(?:mob|up))\b", re.IGNORECASE
)
"""Programs that record the requests that reach them: their client has sent each of them."""
_NO = (None, False, "", 0, "false", "no")


def never_sent(entry: Entry, creator: str = "") -> str | None:
    """Return the reason why the request of an entry never went out, or None if it did or nothing shows it.

    ``creator`` is the name of the program that wrote the archive.
    """
    if entry.from_cache not in _NO:
        return CACHE
    response = entry.response
    if entry.fetched_via_service_worker not in _NO:
        return SERVICE_WORKER
    if entry.fetch_type is not None and (reason := _FETCH_TYPES.get(str(entry.fetch_type).lower())):
        return reason
    if entry.was_fulfilled not in _NO or entry.was_aborted not in _NO:
        return TOOL
    if response is None:
        return None
    if response.fetched_via_service_worker not in _NO:
        return SERVICE_WORKER
    connected = bool(entry.server_ip_address) or entry.connection not in _NO or bool(_PROXIES.search(creator))
    if not connected and isinstance(entry.cache, dict) and _is_cached(entry.cache):
        return CACHE
    if (response.status or 0) <= 0:
        return _unanswered(entry, connected=connected)
    if response.status == 307 and any(
        pair.name.lower() == "non-authoritative-reason" for pair in response.headers or ()
    ):
        return REDIRECT
    return None


_FETCH_TYPES = {
    "memory cache": CACHE,
    "disk cache": CACHE,
    "service worker": SERVICE_WORKER,
    "inspector override": TOOL,
}


def _unanswered(entry: Entry, *, connected: bool) -> str | None:
    response = entry.response
    errors = (entry.error, response.error, response.failure_text) if response else (entry.error,)
    error = " ".join(str(one) for one in errors if one)
    if _BLOCKED.search(error):
        return BLOCKED
    return None if connected or _INTERRUPTED.search(error) else NO_CONNECTION


def _is_cached(cache: dict[str, object]) -> bool:
    """Return whether the entry was in a cache before the request (Firefox and chrome-har write so)."""
    return bool(cache.get("beforeRequest")) or "afterRequest" in cache
