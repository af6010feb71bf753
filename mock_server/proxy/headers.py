"""Header forwarding (RFC 9110, 7.6). Headers that Adobe Pass evaluates, such as X-Forwarded-For, stay unchanged."""

from __future__ import annotations

from urllib.parse import urlsplit

from pass_harness.mock_server.formats.public_url import PublicUrl
from pass_harness.mock_server.gateway.public_origin import public_origin
from pass_harness.mock_server.proxy.upstream import PORTS, Address, Headers
from pass_harness.mock_server.transport.request import Inbound

_HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
        *(b"proxy-authenticate", b"proxy-authorization"),
    }
)
_NOT_FORWARDED = frozenset({b"host", b"expect"})
"""Host becomes that of the upstream; the proxy itself answers Expect with 100 Continue."""


def to_upstream(headers: Headers, address: Address, pseudonym: str) -> Headers:
    """Return the headers of a request for the upstream."""
    forwarded = [(name, value) for name, value in end_to_end(headers) if name not in _NOT_FORWARDED]
    if any(name == b"transfer-encoding" for name, _ in headers):
        forwarded = [(name, value) for name, value in forwarded if name != b"content-length"]
    return [(b"host", address.authority.encode()), *forwarded, (b"via", f"1.1 {pseudonym}".encode())]


def to_client(headers: Headers, address: Address, inbound: Inbound, public_url: PublicUrl | None = None) -> Headers:
    """Return the headers of an answer for the client.

    Next to Transfer-Encoding, Content-Length does not count, and must not be forwarded (RFC 9112, 6.3).
    """

    def rewritten(name: bytes, value: bytes) -> bytes:
        if name != b"location":
            return value
        return proxy_location(value.decode("latin-1"), address, inbound, public_url).encode("latin-1")

    lower_case = [(name.lower(), value) for name, value in headers]
    is_chunked = any(name == b"transfer-encoding" for name, _ in lower_case)
    return [
        (name, rewritten(name, value))
        for name, value in end_to_end(lower_case)
        if not (is_chunked and name == b"content-length")
    ]


def end_to_end(headers: Headers) -> Headers:
    """Return the headers (names in lower case) without hop-by-hop headers and those that Connection names."""
    named = {
        option.strip().lower() for name, value in headers if name == b"connection" for option in value.split(b",")
    }
    return [(name, value) for name, value in headers if name not in _HOP_BY_HOP and name not in named]


def proxy_location(location: str, address: Address, inbound: Inbound, public_url: PublicUrl | None = None) -> str:
    """Return a Location of the upstream rewritten to the proxy, for browsers; any other location unchanged."""
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
    return (public_origin(inbound, public_url) if parts.netloc else "") + rest
