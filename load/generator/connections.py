"""The connections of a generating process: requests and responses of HTTP/1.1 over pools of geventhttpclient.

Locust's fast session and the client of geventhttpclient are built on the same pools and the same response parser.
They build several sets of headers, a request of urllib and a cookie jar for each request, which took more processor
time than the rest of a viewer.
"""

from __future__ import annotations

import base64
import errno
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

import gevent.socket
from geventhttpclient.client import IDEMPOTENT_METHODS, HTTPClient
from geventhttpclient.connectionpool import ConnectionPool, SSLConnectionPool
from geventhttpclient.response import HTTPConnectionClosed, HTTPSocketPoolResponse
from geventhttpclient.url import URL

from pass_harness.conformance.drivers.http_verbs import HttpRequest, VerbError
from pass_harness.mock_server.client.tls_trust import tls_context

CONNECTIONS = 1_000
"""Maximum connections to one host, shared by all viewers, as a load balancer in front of the service would do."""
KEPT_LINES = 1_024
"""Number of sets of default headers to keep: the requests of a verb have the same."""
BLOCK = 16_384
"""Bytes to read at once from a connection."""
TRIES = 3
"""Attempts for an idempotent request whose connection the host closes as it is reused."""
SHORTAGES = {
    errno.EMFILE: "file descriptors",
    errno.ENFILE: "file descriptors of the system",
    errno.EADDRNOTAVAIL: "local ports",
    errno.ENOBUFS: "buffers for sockets",
    errno.ENOMEM: "memory",
}
"""Resources of this machine that a request needs, by the error without one. The host has no part in it."""
_TARGET = "".join(map(chr, range(0x21, 0x7F)))
"""Characters of a request target that stay as they are: placeholders are percent-encoded already."""
_FIELDS = re.compile(r"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*\r\n)*")


@dataclass
class Shortages:
    """Requests that a generating process could not send on time for lack of resources of its own."""

    lacked: Counter[str] = field(default_factory=Counter)
    """Number of connections that could not be opened, by resource."""
    queued_s: float = 0.0
    """Longest time that a request waited for one of the `CONNECTIONS`."""

    def note(self, error: OSError) -> None:
        if (resource := SHORTAGES.get(error.errno or 0)) is not None:
            self.lacked[resource] += 1


class _Pool(ConnectionPool):
    """A pool that counts shortages."""

    shortages: Shortages
    reached: set[int]
    """Address families with an earlier connection: an address that this machine cannot reach uses up no ports."""

    def get_socket(self) -> gevent.socket.socket:
        if self._semaphore.locked():
            began = time.monotonic()
            self._semaphore.wait()
            self.shortages.queued_s = max(self.shortages.queued_s, time.monotonic() - began)
        return super().get_socket()

    def _resolve(self) -> Any:  # noqa: ANN401 - as gevent's
        try:
            return super()._resolve()
        except OSError:
            # Without file descriptors no name is found.
            self._create_tcp_socket(gevent.socket.AF_INET, gevent.socket.SOCK_STREAM, 0).close()
            raise

    def _create_tcp_socket(self, family: int, socktype: int, protocol: int) -> gevent.socket.socket:
        try:
            return super()._create_tcp_socket(family, socktype, protocol)
        except OSError as error:
            self.shortages.note(error)
            raise

    def _connect_socket(self, sock: gevent.socket.socket, address: Any) -> gevent.socket.socket:  # noqa: ANN401
        family = sock.family
        try:
            connected = super()._connect_socket(sock, address)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL or family in self.reached:
                self.shortages.note(error)
            raise
        self.reached.add(family)
        return connected


class _TlsPool(_Pool, SSLConnectionPool):
    """The same with TLS."""


class Connections:
    """Connections to all hosts, with one timeout in seconds for connecting and for each response."""

    def __init__(self, timeout: float, shortages: Shortages | None = None) -> None:
        self.timeout = timeout
        self._shortages = shortages or Shortages()
        self._pools: dict[str, tuple[ConnectionPool, str, str]] = {}
        """Connections to a host, its name for the header Host, and credentials, by scheme and host as in a URL."""

    def send(self, request: HttpRequest, headers: dict[str, str]) -> HTTPSocketPoolResponse:
        """Send a request with these headers and return the response, of any status, as soon as it has headers.

        Raises `VerbError` for a header that HTTP does not allow, and one of `FAILURE_EXCEPTIONS` for no response.
        """
        path_at = (request.url + "/").index("/", request.url.index("//") + 2)
        pool, host, credentials = self._pool(request.url[:path_at])
        target = quote(request.url[path_at:].partition("#")[0], safe=_TARGET) or "/"
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if _FIELDS.fullmatch(fields) is None or fields.count("\n") != len(headers):
            raise VerbError("not sent: a header contains a line break, or a character that HTTP does not allow")
        defaults = _defaults(host, credentials, tuple(headers))
        head = f"{request.method} {target} HTTP/1.1\r\n{defaults}Content-Length: {len(request.body)}\r\n{fields}\r\n"
        sent = head.encode("latin-1") + request.body
        left = TRIES if request.method in IDEMPOTENT_METHODS else 1
        while True:
            left -= 1
            try:
                return _send(pool, request.method, sent)
            except (HTTPConnectionClosed, ConnectionError):
                if not left:
                    raise

    def close(self) -> None:
        """Close the unused connections."""
        for pool, _, _ in self._pools.values():
            pool.close()

    def _pool(self, origin: str) -> tuple[ConnectionPool, str, str]:
        if origin not in self._pools:
            url = URL(origin)
            # The clients of the harness trust the CAs of the system, too; those of geventhttpclient do not.
            tls: dict[str, Any] = {"ssl_context_factory": lambda **_: tls_context()} if url.scheme == "https" else {}
            host, port, timeout = url.host, url.port or 80, self.timeout
            pool = (_TlsPool if tls else _Pool)(
                host, port, host, port, size=CONNECTIONS, connection_timeout=timeout, network_timeout=timeout, **tls
            )
            pool.shortages, pool.reached = self._shortages, set()
            user, _, host_name = url.netloc.rpartition("@")
            credentials = base64.b64encode(unquote(user).encode()).decode() if user else ""
            self._pools[origin] = pool, host_name, credentials
        return self._pools[origin]


class ConnectionPools:
    """Connections by response timeout in seconds."""

    def __init__(self) -> None:
        self.shortages = Shortages()
        self._pools: dict[float, Connections] = {}

    def of(self, timeout: float) -> Connections:
        if timeout not in self._pools:
            self._pools[timeout] = Connections(timeout, self.shortages)
        return self._pools[timeout]


def _send(pool: ConnectionPool, method: str, sent: bytes) -> HTTPSocketPoolResponse:
    sock = pool.get_socket()
    try:
        # One call of the system; `sendall` of gevent prepares for several.
        if (begun := sock.send(sent)) < len(sent):
            sock.sendall(sent[begun:])
    except BaseException:
        pool.release_socket(sock)
        raise
    return HTTPSocketPoolResponse(sock, pool, block_size=BLOCK, method=method)


@lru_cache(KEPT_LINES)
def _defaults(host: str, credentials: str, names: tuple[str, ...]) -> str:
    """Return the header lines that a request needs in addition to those with these names."""
    defaults = {
        "Host": host,
        "User-Agent": HTTPClient.DEFAULT_HEADERS["User-Agent"],
        "Accept-Encoding": "gzip, deflate, br",
        **({"Authorization": f"Basic {credentials}"} if credentials else {}),
    }
    present = {name.lower() for name in names}
    return "".join(f"{name}: {value}\r\n" for name, value in defaults.items() if name.lower() not in present)
