"""The environment behind the proxy: its address, how it is asked, and what it means when it cannot be asked.

One connection pool, no retries, no redirects followed, no cookies kept: what the service sends goes out once.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import httpx

_KEPT_CONNECTIONS = 100
_KEPT_SECONDS = 4.0
"""Less than servers keep an idle connection, so that none is used in the moment in which its server closes it."""
PORTS = {"http": 80, "https": 443}
Headers = list[tuple[bytes, bytes]]


class BadUpstream(Exception):
    """The address cannot be one of Adobe Pass; the sentence says why."""


@dataclass(frozen=True)
class Failure:
    """An answer that the proxy gives in the place of the upstream's; ``error`` is a type of RFC 9209, 2.3."""

    status: int
    error: str
    sentence: str


@dataclass(frozen=True)
class Address:
    """Scheme, host and port, and what comes before every path (no slash at its end)."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Address:
        """BadUpstream for what is no address of a server."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadUpstream(f"--upstream {url}: {error}") from error
        if parts.scheme not in PORTS or not parts.hostname:
            raise BadUpstream(f"--upstream {url}: write https://HOST, or http://HOST:PORT")
        if _says_more(parts):
            raise BadUpstream(f"--upstream {url}: leave out user, query and fragment")
        return cls(parts.scheme, parts.hostname, port or PORTS[parts.scheme], parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """As in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    def is_served_by(self, listener: socket.socket) -> bool:
        """Whether this is the address of a listening socket of this machine."""
        host, port = listener.getsockname()[:2]
        if port != self.port:
            return False
        try:
            found = {info[4][0] for info in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)}
        except OSError:
            return False
        everywhere = host in {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound
        return any(address == host or (everywhere and _is_ours(str(address))) for address in found)


class Upstream:
    """Asks it. Use it as a context."""

    def __init__(self, address: Address, context: ssl.SSLContext, timeout: float) -> None:
        """``timeout`` is for each step: the connection, a piece that is sent, a piece that is waited for (s)."""
        self.address = address
        self._timeout = timeout
        self._steps = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
        limits = httpx.Limits(
            max_connections=None, max_keepalive_connections=_KEPT_CONNECTIONS, keepalive_expiry=_KEPT_SECONDS
        )
        self._transport = httpx.AsyncHTTPTransport(verify=context, limits=limits, trust_env=False)

    async def __aenter__(self) -> Upstream:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._transport.aclose()

    async def ask(
        self, method: str, target: bytes, headers: Headers, body: AsyncIterator[bytes] | None
    ) -> httpx.Response:
        """The answer, with its body still to be read from ``stream``; httpx.TransportError if there is none.

        The target (path and query string) goes out byte by byte as it is.
        """
        request = httpx.Request(
            method,
            f"{self.address.scheme}://{self.address.authority}",
            headers=headers,
            content=body,
            extensions={"timeout": self._steps, "target": self.address.path.encode() + target},
        )
        return await self._transport.handle_async_request(request)

    def failure(self, error: httpx.TransportError) -> Failure:
        """What to answer after an error."""
        where = f"pass-mock proxy: {self.address.url}"
        match error:
            case httpx.LocalProtocolError():
                return Failure(
                    400, "http_request_error", f"pass-mock proxy: the request cannot be passed on: {error}"
                )
            case httpx.ConnectTimeout():
                return Failure(504, "connection_timeout", f"{where} took no connection within {self._timeout:g} s")
            case httpx.TimeoutException():
                return Failure(504, "http_response_timeout", f"{where} did not answer within {self._timeout:g} s")
            case httpx.ConnectError():
                return _unreachable(where, error)
            case httpx.ProtocolError():
                return Failure(502, "http_protocol_error", f"{where} did not answer as HTTP wants it: {error}")
        return Failure(502, "connection_terminated", f"{where} broke the connection off")


def trust(authority: Path | None) -> ssl.SSLContext:
    """What certificates are verified with: the well-known authorities and, if given, one more (PEM)."""
    context = httpx.create_ssl_context(trust_env=False)
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except ssl.SSLError as error:
            raise BadUpstream(f"--ca {authority}: holds no certificate in PEM") from error
        except OSError as error:
            raise BadUpstream(f"--ca {authority}: cannot be read ({error.strerror})") from error
    return context


def _unreachable(where: str, error: httpx.ConnectError) -> Failure:
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                why = (
                    f"{where} has a certificate that is not trusted ({cause.verify_message}); for a private CA: --ca"
                )
                return Failure(502, "tls_certificate_error", why)
            case ssl.SSLError():
                return Failure(
                    502, "tls_protocol_error", f"{where} speaks no TLS that is understood ({cause.reason})"
                )
            case socket.gaierror():
                return Failure(502, "dns_error", f"{where} has no address: its name is not known")
            case ConnectionRefusedError():
                return Failure(502, "connection_refused", f"{where} refused the connection: nothing listens there")
    return Failure(502, "destination_unavailable", f"{where} cannot be reached: {error}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error with all that led to it."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__, *getattr(cause, "exceptions", ())]


def _says_more(parts: SplitResult) -> bool:
    return bool(parts.username or parts.password or parts.query or parts.fragment)


def _is_ours(address: str) -> bool:
    """Whether this machine has the address."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
