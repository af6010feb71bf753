"""Whose control calls are refused, token or not: those of web pages that are not the mock's own.

A browser on the machine of a developer runs anybody's pages, and they reach what listens on loopback. Browsers say
in Sec-Fetch-Site and Origin where a request comes from (Fetch Metadata; Fetch, 3.2). They do not where somebody's
name was made to lead here (DNS rebinding), as the page and the mock have that name in common; it stands in Host.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

_PRIVATE = frozenset({"localhost", "test", "internal"})
"""Top-level domains that no public name is in: RFC 6761, and what ICANN reserved for private use."""


def refusal(method: str, headers: Mapping[str, str], *, has_token: bool) -> str | None:
    """Why a control call with these headers (names in lower case) is refused, in one sentence; None if it is not.

    What carries the control token may come under any name: who can only lead a browser here does not know it.
    """
    if _is_foreign(method, headers):
        return "control calls are for programs and the mock's own pages; this one comes from a page of another origin"
    host = headers.get("host", "")
    if not has_token and not _is_private(host):
        return (
            f"under the name {host} anybody's web page may come here: "
            "call the mock by its address or localhost, or start it with a --control-token"
        )
    return None


def _is_foreign(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a page of another origin makes the call; to follow a link from there, and just look, is no call."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        looks = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
        return site not in {"same-origin", "none"} and not looks
    origin = headers.get("origin")
    return origin is not None and origin.lower().partition("://")[2] != headers.get("host", "").lower()


def _is_private(host: str) -> bool:
    """Whether a Host header has an address, or a name that nobody can have in the public DNS."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.rpartition(".")[2] in _PRIVATE
    return True
