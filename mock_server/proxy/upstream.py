"""The upstream of the proxy: its address, its HTTP client, and the answers for its failures.

The client has one connection pool. It does not retry, follow redirects or keep cookies: each request is sent once.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import httpx

from pass_harness.mock_server.client.tls_trust import causes
from pass_harness.mock_server.client.urls import url_error

_MAX_IDLE_CONNECTIONS = 100
_MAX_IDLE_S = 4.0
"""Seconds to keep an idle connection: less than servers do, so that a request never meets a closing connection."""
_LEAST_STATUS, _GREATEST_STATUS = 200, 599
_CONTROL_CHARACTER = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_H11_CONNECTION = attrgetter("_httpcore_stream._stream._connection._h11_state")
PORTS = {"http": 80, "https": 443}
Headers = list[tuple[bytes, bytes]]


class BadUpstream(Exception):
    """The upstream URL or the CA file cannot be used; the sentence names the option, the reason and the remedy."""


@dataclass(frozen=True)
class Failure:
    """The answer of the proxy when the upstream gives none; ``error`` is a type of RFC 9209, 2.3."""

    status: int
    error: str
    sentence: str


@dataclass(frozen=True)
class Address:
    """Scheme, host and port, and the prefix of all paths (without a trailing slash)."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Address:
        """Parse a URL; BadUpstream if it is not the base URL of a server."""
        if (reason := url_error(url)) is not None:
            raise BadUpstream(f"--upstream {url:.100}: {reason}")
        parts = urlsplit(url)
        if _has_extra_parts(parts):
            raise BadUpstream(f"--upstream {url}: leave out user, query and fragment")
        return cls(parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme], parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """Host and port, as in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Base URL, without a trailing slash."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def is_served_by(self, listener: socket.socket) -> bool:
        """Return True if this is the address of a listening socket of this machine."""
        host, port = listener.getsockname()[:2]
        if port != self.port:
            return False
        try:
            found = {info[4][0] for info in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)}
        except OSError:
            return False
        any_interface = host in {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound
        return any(address == host or (any_interface and _is_local_address(str(address))) for address in found)


class Upstream:
    """The HTTP client of the upstream, an asynchronous context manager."""

    def __init__(self, address: Address, context: ssl.SSLContext, timeout: float) -> None:
        """Create the client; ``timeout`` is for each step, in seconds: the connection, each write, each read."""
        self.address = address
        self._timeout = timeout
        self._steps = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
        limits = httpx.Limits(
            max_connections=None, max_keepalive_connections=_MAX_IDLE_CONNECTIONS, keepalive_expiry=_MAX_IDLE_S
        )
        self._transport = httpx.AsyncHTTPTransport(verify=context, limits=limits, trust_env=False)

    async def __aenter__(self) -> Upstream:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._transport.aclose()

    async def send(
        self, method: str, target: bytes, headers: Headers, body: AsyncIterator[bytes] | None
    ) -> httpx.Response:
        """Send a request and return the answer, with its body in ``stream``; httpx.TransportError without an answer.

        The target (path and query string) is sent unchanged, byte by byte. The caller closes the answer with `close`.
        """
        request = httpx.Request(
            method,
            f"{self.address.scheme}://{self.address.authority}",
            headers=headers,
            content=body,
            extensions={"timeout": self._steps, "target": self.address.path.encode() + target},
        )
        response = await self._transport.handle_async_request(request)
        if violation := _violation(response):
            await response.aclose()
            raise httpx.RemoteProtocolError(violation)
        return response

    async def close(self, response: httpx.Response) -> None:
        """Close an answer; and its connection too if the upstream has sent bytes beyond the answer.

        Otherwise these bytes would be the answer to the next request of the connection. Neither httpx nor httpcore
        has a public way to see them.
        """
        connection = _H11_CONNECTION(response.stream)
        if connection.trailing_data[0]:
            connection.send_failed()  # so that httpcore does not use the connection again
        await response.aclose()

    def failure(self, error: httpx.TransportError) -> Failure:
        """Return the answer for an error of the transport."""
        where = f"pass-mock proxy: {self.address.url}"
        match error:
            case httpx.LocalProtocolError():
                return Failure(
                    400, "http_request_error", f"pass-mock proxy: the request cannot be forwarded: {error}"
                )
            case httpx.ConnectTimeout():
                return Failure(
                    504, "connection_timeout", f"{where} did not accept a connection within {self._timeout:g} s"
                )
            case httpx.TimeoutException():
                return Failure(504, "http_response_timeout", f"{where} did not answer within {self._timeout:g} s")
            case httpx.ConnectError():
                return _unreachable(where, error)
            case httpx.ProtocolError():
                return Failure(502, "http_protocol_error", f"{where} violated the HTTP protocol: {error}")
        return Failure(502, "connection_terminated", f"{where} closed the connection without an answer")


def _violation(response: httpx.Response) -> str:
    """Return the violation of HTTP in an answer that h11 accepts but no server may send; empty without one."""
    if not _LEAST_STATUS <= response.status_code <= _GREATEST_STATUS:
        return f"status {response.status_code}"
    for name, value in response.headers.raw:
        if _CONTROL_CHARACTER.search(value):
            return f"a control character in the header {name.decode('latin-1')}"
    return ""


def trust(authority: Path | None) -> ssl.SSLContext:
    """Return an SSL context that trusts public CAs and, if given, one more (PEM file); BadUpstream for a bad file."""
    context = httpx.create_ssl_context(trust_env=False)
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except ssl.SSLError as error:
            raise BadUpstream(f"--ca {authority}: contains no certificate in PEM; name another file") from error
        except OSError as error:
            raise BadUpstream(f"--ca {authority}: cannot be read ({error.strerror}); check the path") from error
    return context


def _unreachable(where: str, error: httpx.ConnectError) -> Failure:
    for cause in causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                why = f"{where} has an untrusted certificate ({cause.verify_message}); trust a private CA with --ca"
                return Failure(502, "tls_certificate_error", why)
            case ssl.SSLError():
                return Failure(502, "tls_protocol_error", f"{where}: the TLS handshake failed ({cause.reason})")
            case socket.gaierror():
                return Failure(502, "dns_error", f"{where}: the host name cannot be resolved")
            case ConnectionRefusedError():
                return Failure(502, "connection_refused", f"{where} refused the connection: nothing listens there")
    return Failure(502, "destination_unavailable", f"{where} cannot be reached: {error}")


def _has_extra_parts(parts: SplitResult) -> bool:
    return bool(parts.username or parts.password or parts.query or parts.fragment)


def _is_local_address(address: str) -> bool:
    """Return True if an interface of this machine has the IP address."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
