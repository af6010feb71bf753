"""The connections of a generating process: requests and responses of HTTP/1.1 over pools of geventhttpclient.

Locust's fast session and the client of geventhttpclient are built on the same pools and the same response parser.
They build several sets of headers, a request of urllib and a cookie jar for each request, which took more processor
time than the rest of a viewer.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from geventhttpclient.client import IDEMPOTENT_METHODS, HTTPClient
from geventhttpclient.connectionpool import ConnectionPool, SSLConnectionPool
from geventhttpclient.response import HTTPConnectionClosed, HTTPSocketPoolResponse
from geventhttpclient.url import URL

from pass_harness.conformance.drivers.http_verbs import HttpRequest, VerbError

CONNECTIONS = 1_000
"""Maximum connections to one host, shared by all viewers, as a load balancer in front of the service would do."""
KEPT_LINES = 1_024
"""Number of sets of default headers to keep: the requests of a verb have the same."""
BLOCK = 16_384
"""Bytes to read at once from a connection."""
TRIES = 3
"""Attempts for an idempotent request whose connection the host closes as it is reused."""
_TARGET = "".join(map(chr, range(0x21, 0x7F)))
"""Characters of a request target that stay as they are: placeholders are percent-encoded already."""
_FIELDS = re.compile(r"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*\r\n)*")


class Connections:
    """Connections to all hosts, with one timeout in seconds for connecting and for each response."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._pools: dict[str, tuple[ConnectionPool, str]] = {}
        """Connections to a host, and its name for the header Host, by scheme and host as a URL has them."""

    def send(self, request: HttpRequest, headers: dict[str, str]) -> HTTPSocketPoolResponse:
        """Send a request with these headers and return the response, of any status, as soon as it has headers.

        Raises `VerbError` for a header that HTTP does not allow, and one of `FAILURE_EXCEPTIONS` for no response.
        """
        path_at = (request.url + "/").index("/", request.url.index("//") + 2)
        pool, host = self._pool(request.url[:path_at])
        target = quote(request.url[path_at:].partition("#")[0], safe=_TARGET) or "/"
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if _FIELDS.fullmatch(fields) is None or fields.count("\n") != len(headers):
            raise VerbError("not sent: a header contains a line break, or a character that HTTP does not allow")
        defaults = _defaults(host, tuple(headers))
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
        for pool, _ in self._pools.values():
            pool.close()

    def _pool(self, origin: str) -> tuple[ConnectionPool, str]:
        if origin not in self._pools:
            url = URL(origin)
            kind = SSLConnectionPool if url.scheme == "https" else ConnectionPool
            host, port, timeout = url.host, url.port or 80, self.timeout
            pool = kind(host, port, host, port, size=CONNECTIONS, connection_timeout=timeout, network_timeout=timeout)
            self._pools[origin] = pool, url.netloc.rpartition("@")[2]
        return self._pools[origin]


class ConnectionPools:
    """Connections by response timeout in seconds."""

    def __init__(self) -> None:
        self._pools: dict[float, Connections] = {}

    def of(self, timeout: float) -> Connections:
        if timeout not in self._pools:
            self._pools[timeout] = Connections(timeout)
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
def _defaults(host: str, names: tuple[str, ...]) -> str:
    """Return the header lines that a request needs in addition to those with these names."""
    defaults = {
        "Host": host,
        "User-Agent": HTTPClient.DEFAULT_HEADERS["User-Agent"],
        "Accept-Encoding": "gzip, deflate, br",
    }
    present = {name.lower() for name in names}
    return "".join(f"{name}: {value}\r\n" for name, value in defaults.items() if name.lower() not in present)
