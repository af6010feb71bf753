"""Protection of the control API against cross-site requests (CSRF) and DNS rebinding.

A browser on a developer's machine runs pages of any site, and these pages can send requests to loopback addresses.
Browsers name the origin of a request in Sec-Fetch-Site and Origin (Fetch Metadata; Fetch, 3.2). With DNS rebinding,
page and mock have the same origin; only the name in the Host header shows it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

_PRIVATE = frozenset({"localhost", "test", "internal"})
"""Top-level domains without public names: RFC 6761, and the one that ICANN reserves for private use."""


def refusal(method: str, headers: Mapping[str, str], *, has_token: bool) -> str | None:
    """Return the reason to refuse a control call with these headers (names in lower case); None to allow it.

    ``has_token`` is True if the mock has a control token. Any host name is allowed then: a page of another site
    does not have the token.
    """
    if _is_foreign(method, headers):
        return "a page of another origin cannot use the control API: call it from a program or the mock's own pages"
    host = headers.get("host", "")
    if not has_token and not _is_private(host):
        return (
            f"the host name {host} is public, so web pages of other sites could use the control API: "
            "call the mock by its IP address or localhost, or start it with a --control-token"
        )
    return None


def _is_foreign(method: str, headers: Mapping[str, str]) -> bool:
    """Return True if a script of another origin makes the call; following a link from there is allowed."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        navigates = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
        return site not in {"same-origin", "none"} and not navigates
    origin = headers.get("origin")
    return origin is not None and origin.lower().partition("://")[2] != headers.get("host", "").lower()


def _is_private(host: str) -> bool:
    """Return True if a Host header has an IP address, or a name that the public DNS cannot have."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.rpartition(".")[2] in _PRIVATE
    return True
