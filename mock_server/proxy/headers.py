"""Which headers pass, and how: RFC 9110, 7.6. What Adobe Pass judges, X-Forwarded-For above all, passes untouched."""

from __future__ import annotations

from urllib.parse import urlsplit

from pass_harness.mock_server.proxy.upstream import PORTS, Address, Headers
from pass_harness.mock_server.transport.request import Inbound

_HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
        *(b"proxy-authenticate", b"proxy-authorization"),
    }
)
_ANSWERED_HERE = frozenset({b"host", b"expect"})
"""Host is the upstream's; 100 Continue was said to the client already."""


def to_upstream(headers: Headers, address: Address, pseudonym: str) -> Headers:
    """The headers of a request as the upstream gets them."""
    passed = [(name, value) for name, value in end_to_end(headers) if name not in _ANSWERED_HERE]
    if any(name == b"transfer-encoding" for name, _ in headers):
        passed = [(name, value) for name, value in passed if name != b"content-length"]
    return [(b"host", address.authority.encode()), *passed, (b"via", f"1.1 {pseudonym}".encode())]


def to_client(headers: Headers, address: Address, inbound: Inbound) -> Headers:
    """The headers of an answer as the client gets them."""
    return [
        (name, here(value.decode("latin-1"), address, inbound).encode("latin-1") if name == b"location" else value)
        for name, value in end_to_end([(name.lower(), value) for name, value in headers])
    ]


def end_to_end(headers: Headers) -> Headers:
    """All (names in lower case) but those for one connection alone, by nature or because Connection names them."""
    named = {
        option.strip().lower() for name, value in headers if name == b"connection" for option in value.split(b",")
    }
    return [(name, value) for name, value in headers if name not in _HOP_BY_HOP and name not in named]


def here(location: str, address: Address, inbound: Inbound) -> str:
    """A Location at the upstream as a place at the proxy, so that a browser stays with it; any other as it is."""
    try:
        parts = urlsplit(location)
        origin = (parts.scheme or address.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme, address.port))
    except ValueError:
        return location
    path = parts.path or ("/" if parts.netloc else "")
    elsewhere = parts.netloc and origin != (address.scheme, address.host, address.port)
    if elsewhere or not path.startswith(f"{address.path}/"):
        return location
    rest = parts._replace(scheme="", netloc="", path=inbound.prefix + path[len(address.path) :]).geturl()
    return (inbound.origin if parts.netloc else "") + rest
