"""The origin (scheme, host, port) of the URLs that the mock hands out: redirects, login pages, SAML requests."""

from __future__ import annotations

from ipaddress import ip_address

from pass_harness.mock_server.formats.public_url import PublicUrl, is_host
from pass_harness.mock_server.transport.request import Inbound


def public_origin(inbound: Inbound, public_url: PublicUrl | None) -> str:
    """Return the origin by which the client's browser reaches the mock.

    It is ``public_url`` if there is one; else that in X-Forwarded-Proto and X-Forwarded-Host, from a TLS proxy on
    this machine; else that of the request. Other peers may be any client, so these headers of theirs do not count.
    """
    if public_url is not None:
        return public_url.origin
    if not _is_loopback(inbound.peer_host):
        return inbound.origin
    scheme, _, host = inbound.origin.partition("://")
    headers = inbound.headers
    forwarded_scheme = _first(headers.get("x-forwarded-proto", "")).lower()
    forwarded_host = _first(headers.get("x-forwarded-host", ""))
    if forwarded_scheme in {"http", "https"}:
        scheme = forwarded_scheme
    if is_host(forwarded_host):
        host = forwarded_host
    return f"{scheme}://{host}"


def _first(values: str) -> str:
    """Return the first of a list of values: that of the proxy nearest to the browser."""
    return values.partition(",")[0].strip()


def _is_loopback(peer: str) -> bool:
    try:
        found = ip_address(peer)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
