"""Validation of the base URLs that users write, before a request is sent to one."""

from __future__ import annotations

import httpx

_LARGEST_PORT = 65_535


def url_error(url: str) -> str | None:
    """Return the reason why no request can be sent to a URL; None for an http or https URL of a server."""
    try:
        parsed = httpx.URL(url)
        parsed.host.encode("idna")  # as sockets do
    except (httpx.InvalidURL, ValueError) as error:
        return str(error)[:100]
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        return "write https://HOST, or http://HOST:PORT"
    # Some systems use a larger port modulo 65,536, and so reach another server.
    if parsed.port is not None and not 1 <= parsed.port <= _LARGEST_PORT:
        return f"the port must be a number from 1 to {_LARGEST_PORT}"
    return None
